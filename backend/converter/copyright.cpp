#include "backend/converter/copyright.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace thumbgate {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPrefix = "Exif\0\0"sv;
constexpr std::uint16_t kArtist = 0x013B;
constexpr std::uint16_t kCopyright = 0x8298;
constexpr std::uint16_t kAscii = 2;  // the type of a text, which may hold any bytes
constexpr std::uint16_t kMagic = 42;
constexpr std::size_t kHeaderSize = 8;  // bytes
constexpr std::size_t kEntrySize = 12;
constexpr std::size_t kInline = 4;  // bytes of a value that stands in its entry
constexpr std::size_t kMaxText = 2048;

// The TIFF structure inside. Whatever lies beyond its end reads as 0, or as no text.
class Tiff {
  public:
    explicit Tiff(std::string_view bytes) : bytes_(bytes), is_little_(bytes.starts_with("II")) {}

    bool is_valid() const { return (is_little_ || bytes_.starts_with("MM")) && number(2, 2) == kMagic; }

    std::string text(std::uint16_t tag) const {
        const std::uint64_t directory = number(4, 4);
        const std::uint64_t entries = number(directory, 2);
        for (std::uint64_t i = 0; i < entries; ++i) {
            const std::uint64_t entry = directory + 2 + i * kEntrySize;
            if (entry + kEntrySize > bytes_.size()) return {};
            if (number(entry, 2) != tag || number(entry + 2, 2) != kAscii) continue;
            const std::uint64_t size = number(entry + 4, 4);
            return text_at(size <= kInline ? entry + 8 : number(entry + 8, 4), size);
        }
        return {};
    }

  private:
    std::uint64_t number(std::uint64_t at, std::size_t size) const {
        if (at > bytes_.size() || bytes_.size() - at < size) return 0;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            value = value << 8U | static_cast<unsigned char>(bytes_[at + (is_little_ ? size - 1 - i : i)]);
        }
        return value;
    }

    // Without the NULs at its end; one inside parts a photographer from an editor.
    std::string text_at(std::uint64_t at, std::uint64_t size) const {
        if (size > kMaxText || at > bytes_.size() || bytes_.size() - at < size) return {};
        const std::string_view found = bytes_.substr(at, size);
        const std::size_t last = found.find_last_not_of("\0 "sv);
        return last == std::string_view::npos ? std::string() : std::string(found.substr(0, last + 1));
    }

    std::string_view bytes_;
    bool is_little_;
};

struct Entry {
    std::uint16_t tag;
    std::string text;  // ends in a NUL, and is longer than what stands in an entry
};

void append_number(std::string& to, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) to += static_cast<char>(value >> (8 * i) & UINT8_MAX);
}

std::string written(const std::vector<Entry>& entries) {
    std::string tiff = "II";
    append_number(tiff, kMagic, 2);
    append_number(tiff, kHeaderSize, 4);
    append_number(tiff, entries.size(), 2);
    std::size_t at = kHeaderSize + 2 + entries.size() * kEntrySize + 4;
    for (const Entry& entry : entries) {
        append_number(tiff, entry.tag, 2);
        append_number(tiff, kAscii, 2);
        append_number(tiff, entry.text.size(), 4);
        append_number(tiff, at, 4);
        at += entry.text.size() + entry.text.size() % 2;
    }
    append_number(tiff, 0, 4);  // no further directory
    for (const Entry& entry : entries) {
        tiff += entry.text;
        if (entry.text.size() % 2 != 0) tiff += '\0';  // a value begins at an even place
    }
    return std::string(kPrefix) + tiff;
}

}  // namespace

std::string copyright_alone(std::string_view exif) {
    if (exif.starts_with(kPrefix)) exif.remove_prefix(kPrefix.size());
    const Tiff tiff(exif);
    if (!tiff.is_valid()) return {};
    std::vector<Entry> entries;
    for (const std::uint16_t tag : {kArtist, kCopyright}) {
        std::string text = tiff.text(tag);
        if (text.empty()) continue;
        text.resize(std::max(text.size() + 1, kInline + 1), '\0');
        entries.push_back({tag, std::move(text)});
    }
    return entries.empty() ? std::string() : written(entries);
}

}  // namespace thumbgate
