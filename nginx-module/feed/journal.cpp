#include "nginx-module/feed/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

namespace thumbgate::edge {
namespace {

constexpr std::string_view kMagic = "thumbgate-feed 1 ";
constexpr std::uint64_t kMaxBytes = 64 << 20;
constexpr std::uint64_t kOutdatedLines = 4096;  // beyond those in force, before the file is written anew

std::string hex16(std::uint64_t number) {
    std::string text(16, '0');
    for (std::size_t i = 16; number != 0; number >>= 4U) text[--i] = "0123456789abcdef"[number & 15U];
    return text;
}

std::optional<std::uint64_t> parse_hex16(std::string_view text) {
    std::uint64_t number = 0;
    if (text.size() != 16) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string line_of(FeedPosition at, std::optional<std::uint64_t> purged) {
    return stream_id_of(at).text() + (purged ? " purge " + hex16(*purged) : " seen") + "\n";
}

struct Line {
    FeedPosition at = 0;
    std::optional<std::uint64_t> purged;
};

std::optional<Line> parse_line(std::string_view text) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto id = StreamId::parse(text.substr(0, space));
    const auto at = id ? position_of(*id) : std::nullopt;
    if (!at) return std::nullopt;
    const std::string_view rest = text.substr(space + 1);
    if (rest == "seen") return Line{*at, std::nullopt};
    constexpr std::string_view purge = "purge ";
    const auto fingerprint = rest.starts_with(purge) ? parse_hex16(rest.substr(purge.size())) : std::nullopt;
    if (!fingerprint || *fingerprint == 0) return std::nullopt;
    return Line{*at, fingerprint};
}

// The next whole line, taken off `text`; nullopt at the end, or where the last line is cut off.
std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

std::unexpected<std::string> failed(const std::string& what, const std::string& path) {
    return std::unexpected(what + " \"" + path + "\": " + std::strerror(errno));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

bool restore_journal(std::string_view text, FeedState& state) {
    const auto first = take_line(text);
    if (!first || !first->starts_with(kMagic)) return false;
    const auto epoch = parse_hex16(first->substr(kMagic.size()));
    if (!epoch) return false;
    FeedPosition position = 0;
    while (const auto next = take_line(text)) {
        const auto line = parse_line(*next);
        if (!line) break;
        if (line->purged && !state.restore_purge(*line->purged, line->at)) {
            state.start_epoch(0);  // a part of it would be as good as a lie
            return false;
        }
        position = line->at;
    }
    // Without a place in the feed nothing can be continuous with it.
    if (position == 0) return false;
    state.restore(*epoch, position);
    return true;
}

std::expected<bool, std::string> Journal::load(const std::string& path, FeedState& state) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return false;
        return failed("cannot read", path);
    }
    if (!S_ISREG(status.st_mode)) return std::unexpected("\"" + path + "\" is not a file");
    if (static_cast<std::uint64_t>(status.st_size) > kMaxBytes) return false;
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return failed("cannot read", path);
    return restore_journal(text.view(), state);
}

Journal::~Journal() {
    close();
}

void Journal::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    noted_.clear();
}

void Journal::note(FeedPosition at, std::optional<std::uint64_t> purged) {
    if (fd_ < 0) return;  // all of the state is written next time
    noted_ += line_of(at, purged);
    ++lines_;
}

std::expected<void, std::string> Journal::write(const FeedState& state) {
    const bool outdated = lines_ > 2 * state.generations_held() + kOutdatedLines;
    if (fd_ < 0 || epoch_ != state.epoch() || outdated) return rewrite(state);
    return noted_.empty() ? std::expected<void, std::string>() : append();
}

std::expected<void, std::string> Journal::append() {
    if (!write_all(fd_, noted_)) {
        const auto error = failed("cannot write", path_);
        close();  // a line may be cut off
        return error;
    }
    noted_.clear();
    return {};
}

// Into a file of its own and then in the place of the old one, so that there always is a whole one.
std::expected<void, std::string> Journal::rewrite(const FeedState& state) {
    close();
    const std::string temporary = path_ + "." + std::to_string(::getpid());
    fd_ = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd_ < 0) return failed("cannot make", temporary);
    epoch_ = state.epoch();
    std::string text = std::string(kMagic) + hex16(epoch_) + "\n";
    lines_ = 1;
    // In the feed's order, so that what a crash leaves of the file is an earlier state.
    std::vector<std::pair<FeedPosition, std::uint64_t>> purges;
    state.generations().for_each(
        [&](std::uint64_t fingerprint, std::uint64_t at) { purges.emplace_back(at, fingerprint); });
    std::ranges::sort(purges);
    for (const auto& [at, fingerprint] : purges) text += line_of(at, fingerprint);
    lines_ += purges.size();
    if (state.position() != 0) text += line_of(state.position(), std::nullopt);
    if (!write_all(fd_, text) || ::rename(temporary.c_str(), path_.c_str()) != 0) {
        const auto error = failed("cannot write", path_);
        ::unlink(temporary.c_str());
        close();
        return error;
    }
    noted_.clear();
    return {};
}

}  // namespace thumbgate::edge
