#include "tests/support/mutants.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "tests/support/bombs.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

namespace {

struct Recipe {
    const char* name;
    const char* ending;
    const char* options;  // of the vips command line
};

constexpr std::array kRecipes{
    Recipe{"jpeg-baseline", ".jpg", "[Q=75]"},
    Recipe{"jpeg-progressive", ".jpg", "[Q=75,interlace]"},
    Recipe{"jpeg-444", ".jpg", "[Q=90,subsample_mode=off]"},
    Recipe{"png", ".png", ""},
    Recipe{"png-interlaced", ".png", "[interlace]"},
    Recipe{"png-palette", ".png", "[palette]"},
    Recipe{"png-16", ".png", "[bitdepth=16]"},
    Recipe{"webp-lossy", ".webp", "[Q=75]"},
    Recipe{"webp-lossless", ".webp", "[lossless]"},
    Recipe{"avif", ".avif", "[effort=0]"},
    Recipe{"heic", ".heic", "[effort=0]"},
    Recipe{"gif", ".gif", ""},
    Recipe{"jxl", ".jxl", ""},
    Recipe{"tiff", ".tif", ""},
    Recipe{"tiff-lzw", ".tif", "[compression=lzw,predictor=horizontal]"},
    Recipe{"tiff-deflate-tiled", ".tif", "[compression=deflate,tile,tile_width=64,tile_height=64]"},
    Recipe{"tiff-jpeg", ".tif", "[compression=jpeg]"},
    Recipe{"tiff-big-pyramid", ".tif", "[bigtiff,pyramid,tile,tile_width=64,tile_height=64]"},
};

// Text, a gradient, a filter, a clip, a pattern of uses and a picture inside: what of a drawing its bytes can break.
constexpr const char* kDrawing = R"svg(<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="120" height="90" viewBox="0 0 240 180">
<defs><linearGradient id="g" x2="1"><stop offset="0" stop-color="#fc0"/><stop offset="1" stop-color="navy"/></linearGradient>
<filter id="f" x="-20%" width="140%"><feGaussianBlur stdDeviation="3 1"/><feOffset dx="4" dy="4"/></filter>
<clipPath id="c"><ellipse cx="90" cy="80" rx="70" ry="50"/></clipPath>
<pattern id="p" width="12" height="12" patternUnits="userSpaceOnUse"><path id="s" d="M0 0L12 12M6 0h6v6"/></pattern></defs>
<style>.a { fill: url(#g); stroke: rgb(20, 120, 90); stroke-width: 2.5 }</style>
<g clip-path="url(#c)" transform="rotate(10 90 80) scale(1.1)"><rect class="a" width="200" height="160" rx="9"/>
<use xlink:href="#s" x="40" y="30" stroke="red" stroke-dasharray="3 2"/></g>
<path fill="url(#p)" opacity=".7" d="M150 20c30 0 60 40 20 80s-80-10-40-60A20 15 30 0 1 150 20z"/>
<text x="20" y="150" font-family="DejaVu Sans" font-size="24" filter="url(#f)">thumb<tspan dy="-6" fill="#0a0">gate</tspan></text>
<image x="180" y="120" width="40" height="40" href="data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="/>
</svg>
)svg";

std::string picture_of(const Recipe& recipe, const TempDir& dir) {
    constexpr const char* kWidth = "120";
    const std::filesystem::path path = dir / (std::string(recipe.name) + recipe.ending);
    const RunResult made =
        run({"vips", "thumbnail", photos::meadow().path.string(), path.string() + recipe.options, kWidth});
    if (!made.ok()) fail_fixture("vips cannot make " + path.string() + ": " + made.err);
    return read_file(path);
}

using Random = std::mt19937_64;

// The library's distributions differ between machines.
std::uint64_t below(Random& random, std::uint64_t bound) {
    return bound == 0 ? 0 : random() % bound;
}

// Mostly behind the first bytes, without which it is no picture for the broker.
std::size_t place(Random& random, const std::string& bytes) {
    constexpr std::size_t kMagic = 16;
    const std::size_t first = below(random, 10) == 0 || bytes.size() <= kMagic ? 0 : kMagic;
    return first + below(random, bytes.size() - first);
}

void flip_bits(Random& random, std::string& bytes) {
    for (std::uint64_t count = 1 + below(random, 16); count > 0; --count) {
        bytes[place(random, bytes)] ^= static_cast<char>(1U << below(random, 8));
    }
}

void set_bytes(Random& random, std::string& bytes) {
    constexpr std::array<char, 6> kValues{'\0', '\1', '\x7F', '\x80', '\xFE', '\xFF'};
    const std::size_t at = place(random, bytes);
    const std::size_t count = std::min<std::size_t>(1 + below(random, 8), bytes.size() - at);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, kValues.at(below(random, kValues.size())));
}

// A number of two or four bytes, large, small or about right, in either order.
void lie_about_length(Random& random, std::string& bytes) {
    const std::size_t width = below(random, 2) == 0 ? 2 : 4;
    const std::size_t at = place(random, bytes);
    if (at + width > bytes.size()) return;
    const std::array<std::uint64_t, 8> values{
        0, 1, 0x7FFF'FFFF, 0x8000'0000, 0xFFFF'FFFF, bytes.size(), bytes.size() - at, below(random, 70'000)};
    const std::uint64_t value = values.at(below(random, values.size()));
    const bool big_endian = below(random, 2) == 0;
    for (std::size_t i = 0; i < width; ++i) {
        bytes[at + i] = static_cast<char>(value >> 8 * (big_endian ? width - 1 - i : i));
    }
}

void cut_off(Random& random, std::string& bytes) {
    bytes.resize(1 + place(random, bytes));
}

void remove_part(Random& random, std::string& bytes) {
    const std::size_t at = place(random, bytes);
    bytes.erase(at, 1 + below(random, std::min<std::size_t>(bytes.size() - at, 500)));
}

void repeat_part(Random& random, std::string& bytes) {
    const std::size_t at = place(random, bytes);
    const std::string part = bytes.substr(at, 1 + below(random, 500));
    for (std::uint64_t count = 1 + below(random, 4); count > 0; --count) bytes.insert(at, part);
}

// What chunks, boxes and segments in another order look like.
void swap_parts(Random& random, std::string& bytes) {
    std::array<std::size_t, 3> cuts{place(random, bytes), place(random, bytes), place(random, bytes)};
    std::ranges::sort(cuts);
    std::rotate(bytes.begin() + static_cast<std::ptrdiff_t>(cuts[0]),
                bytes.begin() + static_cast<std::ptrdiff_t>(cuts[1]),
                bytes.begin() + static_cast<std::ptrdiff_t>(cuts[2]));
}

void splice(Random& random, std::string& bytes, const std::string& other) {
    const std::size_t from = below(random, other.size());
    const std::string part = other.substr(from, 1 + below(random, 2000));
    if (below(random, 2) == 0) {
        bytes.insert(place(random, bytes), part);
    } else {
        bytes.replace(place(random, bytes), part.size(), part);
    }
}

}  // namespace

std::vector<SourcePicture> small_pictures() {
    const TempDir dir;
    std::vector<SourcePicture> pictures;
    for (const Recipe& recipe : kRecipes) pictures.push_back({recipe.name, picture_of(recipe, dir)});
    pictures.push_back({"gif-animated", bombs::gif(32, 32, 9)});
    pictures.push_back({"webp-animated", bombs::webp(32, 9)});
    pictures.push_back({"tiff-pages", bombs::tiff_of_pages(5)});
    pictures.push_back({"svg", kDrawing});
    return pictures;
}

Mutant make_mutant(const std::vector<SourcePicture>& sources, std::uint64_t seed, std::uint64_t number) {
    Random random(seed * 1'000'003 + number);
    const SourcePicture& source = sources.at(below(random, sources.size()));
    Mutant mutant{source.name, source.bytes};
    for (std::uint64_t count = 1 + below(random, 4); count > 0 && !mutant.bytes.empty(); --count) {
        constexpr std::array kSimple{flip_bits,   flip_bits,   set_bytes,  lie_about_length, lie_about_length,
                                     remove_part, repeat_part, swap_parts, cut_off};
        const std::uint64_t kind = below(random, kSimple.size() + 1);
        if (kind < kSimple.size()) {
            kSimple.at(kind)(random, mutant.bytes);
        } else {
            splice(random, mutant.bytes, sources.at(below(random, sources.size())).bytes);
        }
    }
    return mutant;
}

}  // namespace thumbgate::test
