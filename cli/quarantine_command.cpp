// Pictures that broke converters: what a running thumbgated holds in quarantine, and their release.
#include <array>
#include <boost/json.hpp>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include "cli/backend_client.hpp"
#include "cli/commands.hpp"

namespace thumbgate::cli {
namespace {

namespace json = boost::json;

struct QuarantineArguments {
    std::string backend;
    std::string secret;
    bool as_json = false;
    std::vector<std::string> digests;
};

using Page = std::expected<json::object, std::string>;

std::expected<BackendClient, std::string> client_of(const QuarantineArguments& arguments) {
    auto secret = SharedSecret::read_file(arguments.secret);
    if (!secret) return std::unexpected("--secret: " + secret.error());
    return BackendClient(arguments.backend, std::move(*secret));
}

Page page_after(const BackendClient& client, const std::string& digest) {
    const auto answer = client.send("GET", "/quarantine" + (digest.empty() ? "" : "?after=" + digest));
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 200) return std::unexpected(client.describe(*answer));
    boost::system::error_code error;
    json::value page = json::parse(answer->body, error);
    if (error || !page.is_object()) return std::unexpected("thumbgated's answer is not understood");
    return std::move(page.get_object());
}

// As ISO 8601, UTC.
std::string time_text(std::int64_t unix_seconds) {
    const std::time_t time = unix_seconds;
    std::tm parts{};
    std::array<char, 32> text{};
    if (::gmtime_r(&time, &parts) == nullptr) return "-";
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

void print(const json::object& picture, bool as_json) {
    if (as_json) {
        std::cout << json::serialize(picture) << '\n';
        return;
    }
    const std::string source = json::value_to<std::string>(picture.at("source"));
    std::cout << json::value_to<std::string>(picture.at("digest")) << "  "
              << json::value_to<std::string>(picture.at("reason")) << "  strikes "
              << picture.at("strikes").to_number<std::uint64_t>() << "  since "
              << time_text(picture.at("first").to_number<std::int64_t>()) << "  last "
              << time_text(picture.at("last").to_number<std::int64_t>()) << "  "
              << (source.empty() ? "an upload" : source) << '\n';
}

ExitStatus list(const QuarantineArguments& arguments) {
    const auto client = client_of(arguments);
    if (!client) return complain(client.error());
    std::string last;
    for (;;) {
        const Page page = page_after(*client, last);
        if (!page) return complain(page.error());
        for (const json::value& picture : page->at("pictures").as_array()) {
            print(picture.as_object(), arguments.as_json);
        }
        const json::value* next = page->if_contains("next");
        if (next == nullptr) return 0;
        last = json::value_to<std::string>(*next);
    }
}

ExitStatus release(const QuarantineArguments& arguments) {
    const auto client = client_of(arguments);
    if (!client) return complain(client.error());
    ExitStatus status = 0;
    for (const std::string& digest : arguments.digests) {
        if (digest.size() != 64 || digest.find_first_not_of("0123456789abcdef") != std::string::npos) {
            status = complain("\"" + digest + "\" is no digest: 64 digits of lower-case hex, as \"list\" prints them");
            continue;
        }
        const auto answer = client->send("DELETE", "/quarantine/" + digest);
        if (!answer) return complain(answer.error());
        if (answer->status == 204) {
            std::cout << "released " << digest << '\n';
        } else {
            status = complain(client->describe(*answer));
        }
    }
    return status;
}

void add_backend_options(CLI::App& command, QuarantineArguments& arguments) {
    const bool is_here = std::filesystem::exists("var/secret");
    arguments.backend = is_here ? "unix:var/run/thumbgated.sock" : "unix:/var/lib/thumbgate/run/thumbgated.sock";
    arguments.secret = is_here ? "var/secret" : "/var/lib/thumbgate/secret";
    command.add_option("--backend", arguments.backend, "thumbgated's unix:PATH, or HOST:PORT")
        ->envname("THUMBGATE_BACKEND")
        ->capture_default_str();
    command.add_option("--secret", arguments.secret, "File of the secret that it shares with the edge")
        ->envname("THUMBGATE_SECRET")
        ->capture_default_str();
}

}  // namespace

void add_quarantine_command(CLI::App& app, ExitStatus& status) {
    CLI::App* quarantine = app.add_subcommand("quarantine", "Show and release pictures that broke converters");
    quarantine->require_subcommand(1);
    auto arguments = std::make_shared<QuarantineArguments>();

    CLI::App* listing = quarantine->add_subcommand(
        "list", "Print a line for each: digest, reason, strikes, first and last time, and the photo");
    add_backend_options(*listing, *arguments);
    listing->add_flag("--json", arguments->as_json, "Print a JSON object for each instead; times in unix seconds");
    listing->callback([arguments, &status] { status = list(*arguments); });

    CLI::App* releasing = quarantine->add_subcommand("release", "Let pictures be tried again");
    add_backend_options(*releasing, *arguments);
    releasing->add_option("digest", arguments->digests, "SHA-256 of the picture, as \"list\" prints it")->required();
    releasing->callback([arguments, &status] { status = release(*arguments); });
}

}  // namespace thumbgate::cli
