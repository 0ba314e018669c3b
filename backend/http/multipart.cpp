#include "backend/http/multipart.hpp"

#include <algorithm>

#include "backend/http/message.hpp"

namespace thumbgate {
namespace {

constexpr std::size_t kMaxBoundary = 70;          // RFC 2046
constexpr std::size_t kMaxPartHeader = 8 * 1024;  // bytes
constexpr std::size_t kMaxBoundaryPadding = 256;  // blanks after a boundary
constexpr unsigned kMaxParts = 64;
constexpr std::string_view kHeaderEnd = "\r\n\r\n";

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Takes a token or a quoted string off the front of `text`.
std::string take_value(std::string_view& text) {
    std::string value;
    if (!text.starts_with('"')) {
        const std::size_t end = std::min(text.find_first_of("; \t"), text.size());
        value = text.substr(0, end);
        text.remove_prefix(end);
        return value;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
        value += text.front();
        text.remove_prefix(1);
    }
    text.remove_prefix(std::min<std::size_t>(1, text.size()));
    return value;
}

// The parameter `name` of `; name=value; …`.
std::optional<std::string> find_parameter(std::string_view parameters, std::string_view name) {
    while (!parameters.empty()) {
        parameters.remove_prefix(std::min(parameters.find_first_not_of("; \t"), parameters.size()));
        const std::size_t equals = parameters.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string_view found = trim(parameters.substr(0, equals));
        parameters.remove_prefix(equals + 1);
        std::string value = take_value(parameters);
        if (equal_without_case(found, name)) return value;
    }
    return std::nullopt;
}

bool is_boundary(std::string_view text) {
    constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=? ";
    return !text.empty() && text.size() <= kMaxBoundary && !text.ends_with(' ') &&
           text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// The field's name in a part's header lines; nullopt without a Content-Disposition that has one.
std::optional<std::string> field_name(std::string_view lines) {
    constexpr std::string_view kName = "content-disposition";
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find("\r\n"), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 2, lines.size()));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !equal_without_case(trim(line.substr(0, colon)), kName)) continue;
        const std::string_view value = trim(line.substr(colon + 1));
        const std::size_t type_end = std::min(value.find(';'), value.size());
        if (!equal_without_case(trim(value.substr(0, type_end)), "form-data")) return std::nullopt;
        return find_parameter(value.substr(type_end), "name");
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
    const std::size_t type_end = std::min(content_type.find(';'), content_type.size());
    if (!equal_without_case(trim(content_type.substr(0, type_end)), "multipart/form-data")) return std::nullopt;
    auto boundary = find_parameter(content_type.substr(type_end), "boundary");
    if (!boundary || !is_boundary(*boundary)) return std::string();
    return boundary;
}

// The first boundary may stand at the very beginning, where no CR LF precedes it: pretend that one does.
MultipartParser::MultipartParser(std::string_view boundary, MultipartSink& sink)
    : delimiter_("\r\n--" + std::string(boundary)), sink_(sink), pending_("\r\n") {}

std::expected<void, std::string> MultipartParser::feed(std::string_view bytes) {
    pending_ += bytes;
    std::string_view rest = pending_;
    for (;;) {
        const auto progressed = step(rest);
        if (!progressed) return std::unexpected(progressed.error());
        if (!*progressed) break;
    }
    pending_.erase(0, pending_.size() - rest.size());
    return {};
}

std::expected<void, std::string> MultipartParser::finish() const {
    if (state_ == State::epilogue) return {};
    return std::unexpected("The form ends before its closing boundary; it was cut off on its way.");
}

std::expected<bool, std::string> MultipartParser::step(std::string_view& rest) {
    switch (state_) {
        case State::preamble:
        case State::part_data:
            return read_data(rest);
        case State::after_boundary:
            return read_after_boundary(rest);
        case State::part_header:
            return read_part_header(rest);
        case State::epilogue:
            break;
    }
    rest = {};
    return false;
}

bool MultipartParser::read_data(std::string_view& rest) {
    const bool in_part = state_ == State::part_data;
    const std::size_t found = rest.find(delimiter_);
    if (found == std::string_view::npos) {
        // What could be the beginning of a delimiter waits for the next bytes.
        const std::size_t keep = std::min(rest.size(), delimiter_.size() - 1);
        const std::string_view data = rest.substr(0, rest.size() - keep);
        if (in_part && !data.empty()) sink_.on_part_data(data);
        rest.remove_prefix(data.size());
        return false;
    }
    if (in_part && found > 0) sink_.on_part_data(rest.substr(0, found));
    if (in_part) sink_.on_part_end();
    rest.remove_prefix(found + delimiter_.size());
    state_ = State::after_boundary;
    return true;
}

std::expected<bool, std::string> MultipartParser::read_after_boundary(std::string_view& rest) {
    if (rest.starts_with("--")) {
        state_ = State::epilogue;
        return true;
    }
    const std::size_t line = rest.find_first_not_of(" \t");
    if (line > kMaxBoundaryPadding && rest.size() > kMaxBoundaryPadding) {
        return std::unexpected("A boundary of the form is followed by too many blanks.");
    }
    if (line == std::string_view::npos || rest.size() - line < 2) {
        // One byte can already be wrong, but it is only looked at together with its successor.
        return false;
    }
    if (rest.substr(line, 2) != "\r\n") return std::unexpected("A boundary of the form is followed by something else.");
    if (++parts_ > kMaxParts) return std::unexpected("The form has more than 64 fields.");
    // The CR LF stays, so that a part without any header also ends in an empty line.
    rest.remove_prefix(line);
    state_ = State::part_header;
    return true;
}

std::expected<bool, std::string> MultipartParser::read_part_header(std::string_view& rest) {
    const std::size_t end = rest.find(kHeaderEnd);
    if (std::min(end, rest.size()) > kMaxPartHeader)
        return std::unexpected("A field of the form has a header above 8 KiB.");
    if (end == std::string_view::npos) return false;
    const std::string_view lines = rest.substr(2, end < 2 ? 0 : end - 2);
    const auto name = field_name(lines);
    if (!name) return std::unexpected("A part of the form has no Content-Disposition: form-data with a name.");
    sink_.on_part_begin(*name);
    rest.remove_prefix(end + kHeaderEnd.size());
    state_ = State::part_data;
    return true;
}

}  // namespace thumbgate
