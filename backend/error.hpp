// What goes wrong in the backend, as it crosses a boundary between its parts. `message` is for the person who sent the
// request and becomes the problem's detail (RFC 9457); `detail` is for the operator's log and is never shown.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>

namespace thumbgate {

struct Error {
    int status;           // the HTTP status that says it
    std::string code;     // stable and machine-readable, e.g. "too_many_pixels": the problem's type, a metric's label
    std::string message;  // a sentence that names the limit or the remedy
    std::string detail = {};
    std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(int status, std::string code, std::string message, std::string detail = {}) {
    return std::unexpected(Error{status, std::move(code), std::move(message), std::move(detail)});
}

// 503: a part that this request needs is not there now.
inline std::unexpected<Error> fail_unavailable(std::string code, std::string message, std::string detail = {},
                                               std::chrono::seconds retry_after = std::chrono::seconds(1)) {
    return std::unexpected(Error{503, std::move(code), std::move(message), std::move(detail), retry_after});
}

}  // namespace thumbgate
