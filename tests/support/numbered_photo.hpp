// Real photographs of which no two are the same file: a comment that numbers it stands behind a JPEG's first marker, so
// that what is in a storage tells by its checksum which upload it came from.
#pragma once

#include <cstddef>
#include <string>

namespace thumbgate::test {

// `comment` has up to 65,533 bytes.
inline std::string with_comment(const std::string& jpeg, const std::string& comment) {
    const std::size_t length = comment.size() + 2;
    const std::string segment{'\xFF', '\xFE', static_cast<char>(length >> 8), static_cast<char>(length & 0xFF)};
    return jpeg.substr(0, 2) + segment + comment + jpeg.substr(2);
}

inline std::string numbered_photo(const std::string& jpeg, std::size_t number) {
    return with_comment(jpeg, "upload " + std::to_string(number));
}

}  // namespace thumbgate::test
