// Which part of a body a request asks for: one range of bytes (RFC 9110, section 14). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backend/http/message.hpp"

namespace thumbgate {

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t size = 0;

    bool operator==(const ByteRange&) const = default;
};

struct RangeChoice {
    enum class Kind {
        whole,  // 200
        part,   // 206
        none,   // 416: nothing of the body is in the range
    };
    Kind kind = Kind::whole;
    ByteRange range;  // of `whole` all of it, of `none` empty
};

// Of a body of `size` bytes whose strong entity tag is `etag`, quotes included. The whole of it is the answer to any
// method but GET, to several ranges, to what is no range of bytes, and where If-Range names another version, or a date:
// nothing here has one.
RangeChoice choose_range(const Request& request, std::uint64_t size, std::string_view etag);

// "bytes 0-99/1000"; of `none` "bytes */1000".
std::string content_range(const RangeChoice& choice, std::uint64_t size);

}  // namespace thumbgate
