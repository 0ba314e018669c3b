#include "backend/converter/webp_chunks.hpp"

#include <cstddef>
#include <cstdint>

namespace thumbgate {
namespace {

constexpr std::size_t kFileHeader = 12;  // "RIFF", the size of what follows it, "WEBP"
constexpr std::size_t kChunkHeader = 8;  // its name, the size of its data; data is padded to an even size
constexpr unsigned kKeptFlags = 0x12;    // of VP8X: alpha, and that it moves

std::uint32_t little_endian_32(std::string_view bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes.at(i));
    return value;
}

std::string little_endian_32(std::uint32_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i, value >>= 8U) bytes.push_back(static_cast<char>(value & 0xFFU));
    return bytes;
}

// The next chunk with its header and padding, taken off `file`; empty at the end, nullopt when it is cut off.
std::optional<std::string_view> take_chunk(std::string_view& file) {
    if (file.empty()) return file;
    if (file.size() < kChunkHeader) return std::nullopt;
    const std::size_t data = little_endian_32(file.substr(4));
    const std::size_t size = kChunkHeader + data + data % 2;
    if (size > file.size()) return std::nullopt;
    const std::string_view chunk = file.substr(0, size);
    file.remove_prefix(size);
    return chunk;
}

}  // namespace

std::optional<std::string> without_metadata(std::string_view webp) {
    if (webp.size() < kFileHeader || !webp.starts_with("RIFF") || webp.substr(8, 4) != "WEBP") return std::nullopt;
    std::string extension;
    std::string alpha;   // of a still
    std::string pixels;  // of a still, or all frames and what they share
    std::string_view rest = webp.substr(kFileHeader);
    while (!rest.empty()) {
        const auto chunk = take_chunk(rest);
        if (!chunk) return std::nullopt;
        if (chunk->starts_with("VP8X")) extension = *chunk;
        if (chunk->starts_with("ALPH")) alpha = *chunk;
        if (chunk->starts_with("VP8 ") || chunk->starts_with("VP8L")) pixels = *chunk;
        if (chunk->starts_with("ANIM") || chunk->starts_with("ANMF")) pixels += *chunk;
    }
    const bool is_extended = !alpha.empty() || pixels.starts_with("ANIM");
    if (pixels.empty() || (is_extended && extension.size() <= kChunkHeader)) return std::nullopt;
    std::string body = "WEBP";
    if (is_extended) {
        char& flags = extension[kChunkHeader];
        flags = static_cast<char>(static_cast<unsigned char>(flags) & kKeptFlags);
        body += extension + alpha;
    }
    body += pixels;
    return "RIFF" + little_endian_32(static_cast<std::uint32_t>(body.size())) + body;
}

}  // namespace thumbgate
