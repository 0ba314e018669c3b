// What is remembered of a photo and of a link, as it is written into the storage: JSON, one object a file. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thumbgate {

struct PhotoRecord {
    std::string id;
    std::string owner;
    std::uint64_t created_ms = 0;  // unix milliseconds
    std::uint32_t width = 0;       // pixels, orientation applied
    std::uint32_t height = 0;
    std::string format;       // of the original: "jpeg"
    std::uint64_t bytes = 0;  // of the original
    std::string sha256;       // of the original, hex
    bool has_alpha = false;

    bool operator==(const PhotoRecord&) const = default;
};

struct LinkRecord {
    std::string id;
    std::string photo;
    std::uint64_t created = 0;  // unix seconds
    std::uint64_t expires = 0;  // unix seconds
    std::string path;           // what is signed, from its "/": no signature is kept

    bool operator==(const LinkRecord&) const = default;
};

std::string encode(const PhotoRecord& record);
std::string encode(const LinkRecord& record);

// nullopt: not what `encode` writes. Members that are not known are passed over, for records of a later version.
std::optional<PhotoRecord> decode_photo(std::string_view text);
std::optional<LinkRecord> decode_link(std::string_view text);

}  // namespace thumbgate
