// One person's trouble, a server's, or one request's: their lines of the edge's access log and of thumbgated's log,
// merged by time.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <vector>

#include "cli/commands.hpp"

namespace thumbgate::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxLines = 100'000;  // that are held until they are sorted
constexpr std::int64_t kMillisecond = 1000;

struct LogsArguments {
    std::vector<std::string> edge;
    std::vector<std::string> backend;
    std::string session;
    std::string request;
    std::string key;
    bool as_json = false;
};

enum class Origin { backend, edge };  // of one moment, the backend's line comes first: the edge waited for it

struct Line {
    std::int64_t time = 0;  // unix milliseconds
    Origin origin = Origin::edge;
    json::object fields;
};

std::string text_of(const json::object& fields, std::string_view name) {
    const json::value* value = fields.if_contains(name);
    return value != nullptr && value->is_string() ? json::value_to<std::string>(*value) : std::string();
}

// "2026-11-21T18:16:57.123Z" or "…57+01:00", as unix milliseconds; 0 where it is neither.
std::int64_t time_of(const std::string& text) {
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) return 0;
    double fraction = 0;
    int hours = 0;
    int minutes = 0;
    int used = 0;
    if (*rest == '.' && std::sscanf(rest, "%lf%n", &fraction, &used) == 1) rest += used;
    if ((*rest == '+' || *rest == '-') && std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) return 0;
    const std::int64_t offset = (hours * 60 + minutes) * 60 * (*rest == '-' ? -1 : 1);
    return (::timegm(&parts) - offset) * kMillisecond + std::llround(fraction * kMillisecond);
}

// The edge's moment to the millisecond is a field of its own.
std::int64_t time_of(const json::object& fields) {
    const json::value* moment = fields.if_contains("unix");
    boost::system::error_code not_a_number;
    const double seconds = moment == nullptr ? 0 : moment->to_number<double>(not_a_number);
    return seconds > 0 ? std::llround(seconds * kMillisecond) : time_of(text_of(fields, "time"));
}

class Logs {
  public:
    explicit Logs(const LogsArguments& arguments) : arguments_(arguments) {}

    std::expected<void, std::string> read() {
        // The backend's first: it alone knows of keys, and so which of the edge's lines are about one.
        for (const std::string& path : arguments_.backend) {
            if (auto read = read_file(path, Origin::backend); !read) return read;
        }
        for (const std::string& path : arguments_.edge) {
            if (auto read = read_file(path, Origin::edge); !read) return read;
        }
        std::ranges::stable_sort(lines_, {}, [](const Line& line) { return std::pair(line.time, line.origin); });
        return {};
    }

    const std::vector<Line>& lines() const { return lines_; }
    std::size_t not_understood() const { return not_understood_; }

  private:
    std::expected<void, std::string> read_file(const std::string& path, Origin origin) {
        std::ifstream file(path);
        std::string line;
        while (std::getline(file, line)) {
            boost::system::error_code error;
            json::value value = json::parse(line, error);
            if (error || !value.is_object()) {
                ++not_understood_;
                continue;
            }
            if (!is_wanted(value.get_object())) continue;
            if (lines_.size() == kMaxLines) {
                return std::unexpected("more than " + std::to_string(kMaxLines) + " lines; name a part of the log");
            }
            const std::int64_t time = time_of(value.get_object());
            lines_.push_back({time, origin, std::move(value.get_object())});
        }
        if (file.eof()) return {};
        return std::unexpected(path + " cannot be read; name the log with " +
                               (origin == Origin::edge ? "--edge" : "--backend"));
    }

    bool is_wanted(const json::object& fields) {
        if (!arguments_.session.empty()) return text_of(fields, "session") == arguments_.session;
        const std::string request = text_of(fields, "request_id");
        if (arguments_.key.empty()) return request == arguments_.request;
        if (text_of(fields, "key") == arguments_.key) requests_.insert(request);
        return requests_.contains(request);
    }

    const LogsArguments& arguments_;
    std::set<std::string> requests_;  // that came with the key
    std::vector<Line> lines_;
    std::size_t not_understood_ = 0;
};

std::string_view name(Origin origin) {
    return origin == Origin::edge ? "edge" : "backend";
}

std::string clock_text(std::int64_t time) {
    const std::time_t seconds = time / kMillisecond;
    std::tm parts{};
    std::array<char, 32> text{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return "-";
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string millisecond = std::to_string(time % kMillisecond + kMillisecond).substr(1);
    return std::string(text.data(), size) + "." + millisecond + "Z";
}

void print(const Line& line, bool as_json) {
    if (as_json) {
        json::object whole{{"log", name(line.origin)}};
        for (const auto& [key, value] : line.fields) whole.emplace(key, value);
        std::cout << json::serialize(whole) << '\n';
        return;
    }
    std::cout << clock_text(line.time) << (line.origin == Origin::edge ? "  edge   " : "  backend");
    for (const auto& [key, value] : line.fields) {
        const bool is_said = key == "time" || key == "unix";
        if (is_said || value == json::value("") || value == json::value("-")) continue;
        // As JSON: whatever a client sent, it does nothing to a terminal.
        std::cout << ' ' << key << '=' << json::serialize(value);
    }
    std::cout << '\n';
}

bool is_name(const std::string& text) {
    const auto is_part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
    return text.size() <= 128 && std::ranges::all_of(text, is_part);
}

ExitStatus show(LogsArguments& arguments) {
    if (arguments.session.empty() && arguments.request.empty() && arguments.key.empty()) {
        return complain("--session, --request or --key is needed");
    }
    for (const std::string& text : {arguments.session, arguments.request, arguments.key}) {
        if (!is_name(text)) return complain("\"" + text + "\" is no session's hash, and no request's or key's id");
    }
    Logs logs(arguments);
    if (const auto read = logs.read(); !read) return complain(read.error());
    for (const Line& line : logs.lines()) print(line, arguments.as_json);
    if (logs.not_understood() > 0) {
        std::cerr << "thumbgate: " << logs.not_understood() << " lines are not JSON, and were left out\n";
    }
    return logs.lines().empty() ? complain("no line is about it") : 0;
}

}  // namespace

void add_logs_command(CLI::App& app, ExitStatus& status) {
    auto arguments = std::make_shared<LogsArguments>();
    const std::string folder = std::filesystem::exists("var/log") ? "var/log/" : "/var/log/thumbgate/";
    arguments->edge = {folder + "access.log"};
    arguments->backend = {folder + "thumbgated.log"};
    CLI::App* command =
        app.add_subcommand("logs", "What edge and backend logged of a session, an API key or a request, by time");
    auto* session = command->add_option("--session", arguments->session, "A session's hash, as both logs have it");
    auto* key =
        command->add_option("--key", arguments->key, "An API key's id, as its owner sees it")->excludes(session);
    command->add_option("--request", arguments->request, "A request's id, as X-Request-ID has it")
        ->excludes(session)
        ->excludes(key);
    command->add_option("--edge", arguments->edge, "Access logs of edges")->capture_default_str();
    command->add_option("--backend", arguments->backend, "Logs of thumbgated")->capture_default_str();
    command->add_flag("--json", arguments->as_json, "Whole lines, as JSON, each with the log it is from");
    command->callback([arguments, &status] { status = show(*arguments); });
}

}  // namespace thumbgate::cli
