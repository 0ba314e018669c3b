// What is remembered of a photo, of a link and of a picture that breaks converters, as it is written into the storage:
// JSON, one object a file. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate {

// What an inspection saw.
struct Appearance {
    std::uint32_t frames = 1;      // pages are frames
    std::uint8_t orientation = 1;  // EXIF's number, 1 to 8, of the file
    std::string dominant_colour;   // of the first frame, "#ff8000"
    std::string thumbhash;         // of the first frame, upright; base64

    bool operator==(const Appearance&) const = default;
};

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
    std::optional<Appearance> appearance{};  // none: it was uploaded to a version that did not look

    bool operator==(const PhotoRecord&) const = default;
};

// A photo that was deleted.
struct Tombstone {
    PhotoRecord photo;
    std::uint64_t deleted = 0;           // unix seconds
    std::uint64_t restorable_until = 0;  // unix seconds, the last one; 0: never

    bool operator==(const Tombstone&) const = default;
};

// What somebody shared: one photo, or several as an album.
struct LinkRecord {
    std::string id;  // its pictures carry it as `lid`
    std::string owner;
    std::vector<std::string> photos;  // ids, in the sharer's order; at least one
    std::string name;                 // the sharer's words; may be empty
    std::uint64_t created = 0;        // unix seconds
    std::uint64_t expires = 0;        // unix seconds, the last one that counts
    std::string options;              // what its pictures look like: "/rt:fill/w:300", or empty
    std::string session;              // the hash of the only session that it is for; empty: for anybody
    bool original = false;            // also the files as they were uploaded

    bool operator==(const LinkRecord&) const = default;
};

// A picture that made the program that converts it fail.
struct QuarantineRecord {
    std::string digest;         // SHA-256 of its bytes, 64 digits of lower-case hex
    std::string reason;         // the last one: "crash" or "timeout"
    std::string source;         // by what it was asked for last, "photo://<id>"; empty: it was being uploaded
    std::uint32_t strikes = 0;  // how often, where a crash counts twice
    std::uint64_t first = 0;    // unix seconds
    std::uint64_t last = 0;

    bool operator==(const QuarantineRecord&) const = default;
};

bool is_digest(std::string_view text);

std::string encode(const PhotoRecord& record);
std::string encode(const Tombstone& record);
std::string encode(const LinkRecord& record);
std::string encode(const QuarantineRecord& record);

// nullopt: not what `encode` writes. Members that are not known are passed over, for records of a later version.
std::optional<PhotoRecord> decode_photo(std::string_view text);
// Also what `encode` writes of a photo alone: a removal of an earlier version, that cannot be undone.
std::optional<Tombstone> decode_tombstone(std::string_view text);
std::optional<LinkRecord> decode_link(std::string_view text);
std::optional<QuarantineRecord> decode_quarantine(std::string_view text);

}  // namespace thumbgate
