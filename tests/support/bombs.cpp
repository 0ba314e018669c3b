#include "tests/support/bombs.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/support/failure.hpp"

namespace thumbgate::test::bombs {

namespace {

using namespace std::string_literals;

std::string big(std::uint64_t value, unsigned bytes) {
    std::string text;
    for (unsigned i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i));
    return text;
}

std::string little(std::uint64_t value, unsigned bytes) {
    std::string text = big(value, bytes);
    std::ranges::reverse(text);
    return text;
}

const Bytef* bytes_in(const std::string& text) {
    return reinterpret_cast<const Bytef*>(text.data());
}

constexpr std::size_t kBlock = 1 << 20;  // bytes that are compressed once, and repeated

// One block of raw deflate that ends on a byte, and so can stand any number of times.
std::string deflated_block(std::size_t zeros) {
    const std::string input(zeros, '\0');
    std::string output(compressBound(zeros) + 16, '\0');
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        fail_fixture("deflateInit2");
    }
    stream.next_in = const_cast<Bytef*>(bytes_in(input));
    stream.avail_in = static_cast<uInt>(zeros);
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out = static_cast<uInt>(output.size());
    deflate(&stream, Z_FULL_FLUSH);
    output.resize(stream.total_out);
    deflateEnd(&stream);
    return output;
}

std::string png_chunk(const PngChunk& chunk) {
    const std::string body = chunk.type + chunk.data;
    return big(chunk.data.size(), 4) + body + big(crc32(0, bytes_in(body), static_cast<uInt>(body.size())), 4);
}

// Rows of one bit a pixel, each behind the number of its filter.
std::uint64_t raw_bytes(std::uint64_t width, std::uint64_t height) {
    return width == 0 ? 0 : ((width + 7) / 8 + 1) * height;
}

// The seven passes of Adam7: where each starts, and its steps.
std::uint64_t interlaced_bytes(std::uint64_t width, std::uint64_t height) {
    struct Pass {
        std::uint64_t left, top, across, down;
    };
    constexpr std::array<Pass, 7> kPasses{
        {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};
    std::uint64_t bytes = 0;
    for (const auto& [left, top, across, down] : kPasses) {
        bytes += raw_bytes((width - left + across - 1) / across, (height - top + down - 1) / down);
    }
    return bytes;
}

constexpr std::string_view kPngHead = "\x89PNG\r\n\x1A\n";

std::string riff_chunk(const std::string& type, const std::string& data) {
    return type + little(data.size(), 4) + data + std::string(data.size() % 2, '\0');
}

std::string box(const std::string& type, const std::string& content) {
    return big(content.size() + 8, 4) + type + content;
}

std::string full_box(const std::string& type, unsigned version, const std::string& content) {
    return box(type, big(version, 1) + "\0\0\0"s + content);
}

std::string jpeg_segment(unsigned marker, const std::string& content) {
    return std::string(1, '\xFF') + std::string(1, static_cast<char>(marker)) + big(content.size() + 2, 2) + content;
}

std::string jpeg_frame(unsigned marker, std::uint16_t width, std::uint16_t height) {
    return jpeg_segment(marker, "\x08"s + big(height, 2) + big(width, 2) + "\x01\x01\x11\0"s);
}

}  // namespace

std::string deflated_zeros(std::uint64_t bytes) {
    static const std::string kDeflated = deflated_block(kBlock);
    static const uLong kSum = adler32(1, bytes_in(std::string(kBlock, '\0')), kBlock);
    std::string all = "\x78\xDA";
    uLong sum = 1;
    for (std::uint64_t i = 0; i < bytes / kBlock; ++i) {
        all += kDeflated;
        sum = adler32_combine(sum, kSum, kBlock);
    }
    const std::string rest(bytes % kBlock, '\0');
    if (!rest.empty()) all += deflated_block(rest.size());
    sum = adler32_combine(sum, adler32(1, bytes_in(rest), static_cast<uInt>(rest.size())),
                          static_cast<z_off_t>(rest.size()));
    return all + "\x03\0"s + big(sum, 4);
}

std::string png(std::uint32_t width, std::uint32_t height, bool interlaced, const std::vector<PngChunk>& extra) {
    std::string file(kPngHead);
    file += png_chunk({"IHDR", big(width, 4) + big(height, 4) + "\x01\0\0\0"s + (interlaced ? '\x01' : '\0')});
    for (const PngChunk& chunk : extra) file += png_chunk(chunk);
    file +=
        png_chunk({"IDAT", deflated_zeros(interlaced ? interlaced_bytes(width, height) : raw_bytes(width, height))});
    return file + png_chunk({"IEND", ""});
}

PngChunk compressed_text(std::uint64_t bytes) {
    return {"zTXt", "Comment\0\0"s + deflated_zeros(bytes)};
}

PngChunk compressed_international_text(std::uint64_t bytes) {
    return {"iTXt", "Comment\0\x01\0\0\0"s + deflated_zeros(bytes)};
}

PngChunk compressed_profile(std::uint64_t bytes) {
    return {"iCCP", "profile\0\0"s + deflated_zeros(bytes)};
}

std::string gif(std::uint16_t width, std::uint16_t height, std::size_t frames) {
    // A palette of two colours; each frame lasts 0.1 s, and is one pixel.
    std::string file = "GIF89a" + little(width, 2) + little(height, 2) + "\x80\0\0\0\0\0\xFF\xFF\xFF"s;
    const std::string frame = "!\xF9\x04\0\x0A\0\0\0"s + ",\0\0\0\0\x01\0\x01\0\0"s + "\x02\x02\x44\x01\0"s;
    for (std::size_t i = 0; i < frames; ++i) file += frame;
    return file + ";";
}

std::string webp(std::uint32_t side, std::size_t frames) {
    const std::string pixel = riff_chunk("VP8L", "\x2F\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07"s);
    const std::string frame =
        riff_chunk("ANMF", std::string(6, '\0') + little(0, 3) + little(0, 3) + little(100, 3) + "\x02"s + pixel);
    std::string chunks = riff_chunk("VP8X", "\x12\0\0\0"s + little(side - 1, 3) + little(side - 1, 3)) +
                         riff_chunk("ANIM", "\xFF\xFF\xFF\xFF\0\0"s);
    for (std::size_t i = 0; i < frames; ++i) chunks += frame;
    return riff_chunk("RIFF", "WEBP" + chunks);
}

namespace {

constexpr unsigned kTiffLong = 4;

std::string tiff_directory(std::vector<TiffField> fields, std::uint32_t next) {
    std::ranges::sort(fields, {}, &TiffField::tag);
    std::string directory = little(fields.size(), 2);
    for (const auto& [tag, value] : fields) {
        directory += little(tag, 2) + little(kTiffLong, 2) + little(1, 4) + little(value, 4);
    }
    return directory + little(next, 4);
}

// Width, length, bits, compression, photometric, offset, samples, rows, bytes of the strip.
std::vector<TiffField> grey_pixel() {
    return {{256, 1}, {257, 1}, {258, 8}, {259, 1}, {262, 1}, {273, kTiffData}, {277, 1}, {278, 1}, {279, 1}};
}

}  // namespace

std::string tiff(const std::vector<TiffField>& fields, const std::string& data) {
    std::vector<TiffField> all = grey_pixel();
    for (const TiffField& field : fields) {
        const auto same = std::ranges::find(all, field.tag, &TiffField::tag);
        if (same != all.end()) {
            same->value = field.value;
        } else {
            all.push_back(field);
        }
    }
    const std::string padding(data.size() % 2, '\0');
    return "II*\0"s + little(kTiffData + data.size() + padding.size(), 4) + data + padding + tiff_directory(all, 0);
}

std::string tiff_of_pages(std::size_t pages) {
    std::string file = "II*\0"s + little(kTiffData + 2, 4) + "\0\0"s;
    const std::size_t size = tiff_directory(grey_pixel(), 0).size();
    for (std::size_t i = 1; i <= pages; ++i) {
        const std::size_t next = i == pages ? 0 : file.size() + size;
        file += tiff_directory(grey_pixel(), static_cast<std::uint32_t>(next));
    }
    return file;
}

std::string tiff_without_end() {
    std::string file = "II*\0"s + little(kTiffData + 2, 4) + "\0\0"s;
    const auto first = static_cast<std::uint32_t>(file.size());
    file += tiff_directory(grey_pixel(), first + static_cast<std::uint32_t>(tiff_directory(grey_pixel(), 0).size()));
    return file + tiff_directory(grey_pixel(), first);
}

std::string jpeg(std::uint16_t width, std::uint16_t height) {
    return "\xFF\xD8"s + jpeg_segment(0xDB, "\0"s + std::string(64, '\x01')) + jpeg_frame(0xC0, width, height) +
           jpeg_segment(0xC4, "\0"s + "\x01"s + std::string(15, '\0') + "\0"s) +
           jpeg_segment(0xC4, "\x10"s + "\x01"s + std::string(15, '\0') + "\0"s) +
           jpeg_segment(0xDA, "\x01\x01\0\0\x3F\0"s) + std::string(4096, '\0') + "\xFF\xD9";
}

std::string jpeg_of_scans(std::uint16_t side, std::size_t scans) {
    // One code, of one bit: that of a DC difference of 0, and that of a run of 2^14 and more blocks without an AC.
    constexpr unsigned kRunBits = 14;
    std::string file = "\xFF\xD8"s + jpeg_segment(0xDB, "\0"s + std::string(64, '\x01')) +
                       jpeg_frame(0xC2, side, side) +
                       jpeg_segment(0xC4, "\0"s + "\x01"s + std::string(15, '\0') + "\0"s) +
                       jpeg_segment(0xC4, "\x10"s + "\x01"s + std::string(15, '\0') + "\xE0"s);
    const std::size_t blocks = std::size_t{(side + 7U) / 8} * ((side + 7U) / 8);
    file += jpeg_segment(0xDA, "\x01\x01\0\0\0\0"s) + std::string(blocks / 8 + 1, '\0');
    const std::size_t runs = blocks / (1U << kRunBits) + 1;
    const std::string scan =
        jpeg_segment(0xDA, "\x01\x01\0\x01\x3F\0"s) + std::string(runs * (1 + kRunBits) / 8 + 1, '\0');
    for (std::size_t i = 0; i < scans; ++i) file += scan;
    return file + "\xFF\xD9";
}

std::string jpeg_of_comments(std::size_t comments) {
    std::string file = "\xFF\xD8";
    for (std::size_t i = 0; i < comments; ++i) file += jpeg_segment(0xFE, "");
    return file + jpeg(8, 8).substr(2);
}

std::string jpeg_of_zeros(std::size_t bytes) {
    return "\xFF\xD8\xFF"s + std::string(bytes - 3, '\0');
}

std::string avif_grid(std::uint32_t side) {
    constexpr std::uint32_t kTile = 256;
    const std::uint32_t across = side / kTile;  // up to 256
    const auto item = [](unsigned id, const std::string& type) {
        return full_box("infe", 2, big(id, 2) + "\0\0"s + type + "\0"s);
    };
    const auto extent = [](unsigned id, unsigned method, std::uint64_t bytes) {
        return big(id, 2) + big(method, 2) + "\0\0"s + big(1, 2) + big(0, 4) + big(bytes, 4);
    };
    const std::string grid = "\0\x01"s + big(across - 1, 1) + big(across - 1, 1) + big(side, 4) + big(side, 4);
    std::string tiles = big(1, 2) + big(across * across, 2);
    for (std::uint32_t i = 0; i < across * across; ++i) tiles += big(2, 2);
    const auto size = [](std::uint32_t pixels) { return full_box("ispe", 0, big(pixels, 4) + big(pixels, 4)); };
    const std::string properties =
        box("ipco", size(side) + size(kTile) + box("av1C", "\x81\x04\x0C\0"s)) +
        full_box("ipma", 0, big(2, 4) + big(1, 2) + "\x01\x01"s + big(2, 2) + "\x02\x02\x83"s);
    const std::string meta =
        full_box("hdlr", 0, std::string(4, '\0') + "pict" + std::string(13, '\0')) + full_box("pitm", 0, big(1, 2)) +
        full_box("iloc", 1, "\x44\0"s + big(2, 2) + extent(1, 1, grid.size()) + extent(2, 1, grid.size())) +
        full_box("iinf", 0, big(2, 2) + item(1, "grid") + item(2, "av01")) + full_box("iref", 0, box("dimg", tiles)) +
        box("iprp", properties) + box("idat", grid);
    return box("ftyp", "avif"s + std::string(4, '\0') + "avifmif1miaf") + full_box("meta", 0, meta);
}

std::string avif_of_items(std::uint16_t items) {
    std::string entries = big(items, 4);
    std::string places = "\x44\0"s + big(items, 2);
    std::string associations = big(items, 4);
    for (unsigned id = 1; id <= items; ++id) {
        entries += full_box("infe", 2, big(id, 2) + "\0\0"s + "av01\0"s);
        places += big(id, 2) + big(1, 2) + "\0\0"s + big(1, 2) + big(0, 4) + big(10, 4);
        associations += big(id, 2) + "\x02\x01\x82"s;
    }
    const std::string size = full_box("ispe", 0, big(64, 4) + big(64, 4));
    const std::string properties =
        box("ipco", size + box("av1C", "\x81\x04\x0C\0"s)) + full_box("ipma", 0, associations);
    const std::string meta = full_box("hdlr", 0, std::string(4, '\0') + "pict" + std::string(13, '\0')) +
                             full_box("pitm", 0, big(1, 2)) + full_box("iinf", 1, entries) +
                             full_box("iloc", 1, places) + box("iprp", properties) + box("idat", std::string(16, '\0'));
    return box("ftyp", "avif"s + std::string(4, '\0') + "avifmif1miaf") + full_box("meta", 0, meta);
}

std::string svg_of_size(std::uint32_t side) {
    const std::string size = std::to_string(side);
    return "<svg xmlns='http://www.w3.org/2000/svg' width='" + size + "' height='" + size + "'><rect/></svg>";
}

std::string svg_of_uses(std::size_t levels) {
    std::string file =
        "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><rect id='e0' width='9' height='9'/>";
    for (std::size_t i = 1; i <= levels; ++i) {
        file += "<g id='e" + std::to_string(i) + "'>";
        for (int j = 0; j < 10; ++j) file += "<use href='#e" + std::to_string(i - 1) + "'/>";
        file += "</g>";
    }
    return file + "</svg>";
}

std::string svg_of_groups(std::size_t depth) {
    std::string file = "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'>";
    for (std::size_t i = 0; i < depth; ++i) file += "<g>";
    for (std::size_t i = 0; i < depth; ++i) file += "</g>";
    return file + "</svg>";
}

std::string svg_of_layers(std::uint32_t side, std::size_t depth) {
    const std::string size = std::to_string(side);
    std::string file = "<svg xmlns='http://www.w3.org/2000/svg' width='" + size + "' height='" + size + "'>";
    for (std::size_t i = 0; i < depth; ++i) file += "<g opacity='.5'><rect width='100%' height='100%' fill='red'/>";
    for (std::size_t i = 0; i < depth; ++i) file += "</g>";
    return file + "</svg>";
}

std::string svg_of_entities(std::size_t levels) {
    std::string file = "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY e0 'ha'>";
    for (std::size_t i = 1; i <= levels; ++i) {
        file += "<!ENTITY e" + std::to_string(i) + " '";
        for (int j = 0; j < 10; ++j) file += "&e" + std::to_string(i - 1) + ";";
        file += "'>";
    }
    return file + "]><svg xmlns='http://www.w3.org/2000/svg'><text>&e" + std::to_string(levels) + ";</text></svg>";
}

}  // namespace thumbgate::test::bombs
