#include "backend/converter/shared_pixels.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "backend/converter/blobs.hpp"
#include "backend/converter/image_rows.hpp"
#include "backend/converter/protocol.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr std::size_t kPixelsAt = 4096;  // bytes: where the first level begins
constexpr int kMostShrunk = 8;           // by libjpeg

enum class State : std::uint32_t { empty, filling, full };

// What the file begins with. Plain numbers, read once and checked.
struct Facts {
    std::int32_t width;  // of the largest level
    std::int32_t height;
    std::int32_t bands;
    std::int32_t format;    // VipsBandFormat
    std::int32_t shrunk;    // of the largest level
    std::int32_t smallest;  // shrunk of the last level
};

struct Head {
    std::atomic<State> state;
    Facts facts;
};
static_assert(std::atomic<State>::is_always_lock_free && sizeof(Head) <= kPixelsAt);

Head& head_of(std::byte* file) {
    return *reinterpret_cast<Head*>(file);
}

struct Level {
    std::size_t at;  // bytes from the beginning of the file
    int width;
    int height;
    int shrunk;
};

std::size_t pixel_bytes(const Facts& facts) {
    return vips_format_sizeof(static_cast<VipsBandFormat>(facts.format)) * static_cast<std::size_t>(facts.bands);
}

std::size_t end_of(const Level& level, const Facts& facts) {
    return level.at +
           static_cast<std::size_t>(level.width) * static_cast<std::size_t>(level.height) * pixel_bytes(facts);
}

// Each behind the one before, half as large, where one pixel more is made of what is left.
Level first_level(const Facts& facts) {
    return {kPixelsAt, facts.width, facts.height, facts.shrunk};
}
Level next_level(const Level& level, const Facts& facts) {
    return {end_of(level, facts), (level.width + 1) / 2, (level.height + 1) / 2, level.shrunk * 2};
}
bool is_last(const Level& level, const Facts& facts) {
    return level.shrunk >= facts.smallest;
}

std::size_t file_bytes(const Facts& facts) {
    Level level = first_level(facts);
    while (!is_last(level, facts)) level = next_level(level, facts);
    return end_of(level, facts);
}

// Whatever stands in the file: of such a picture as was opened, and no larger than the file can be.
bool are_sound(const Facts& facts, const VImage& opened) {
    constexpr std::int64_t kMostPixels = kSharedPixelsBytes;
    return facts.width > 0 && facts.height > 0 && std::int64_t{facts.width} * facts.height <= kMostPixels &&
           facts.bands == opened.bands() && facts.format == opened.format() && facts.shrunk >= 1 &&
           facts.shrunk <= kMostShrunk && facts.smallest >= facts.shrunk && facts.smallest <= kMostShrunk &&
           file_bytes(facts) <= kSharedPixelsBytes;
}

// Means of two by two; of a last row or column that is alone, of itself.
void halve(const std::uint8_t* from, const Level& larger, std::uint8_t* to, const Level& smaller, int bands) {
    const auto row_bytes = static_cast<std::size_t>(larger.width) * static_cast<std::size_t>(bands);
    for (int y = 0; y < smaller.height; ++y) {
        const std::uint8_t* upper = from + static_cast<std::size_t>(2 * y) * row_bytes;
        const std::uint8_t* lower = 2 * y + 1 < larger.height ? upper + row_bytes : upper;
        for (int x = 0; x < smaller.width; ++x) {
            const int right = 2 * x + 1 < larger.width ? bands : 0;
            for (int band = 0; band < bands; ++band) {
                const int sum = upper[band] + upper[band + right] + lower[band] + lower[band + right];
                *to++ = static_cast<std::uint8_t>((sum + 2) / 4);
            }
            upper += 2 * bands;
            lower += 2 * bands;
        }
    }
}

VImage image_of(std::byte* file, const Level& level, const Facts& facts, const VImage& like) {
    const VImage image = VImage::new_from_memory(file + level.at, end_of(level, facts) - level.at, level.width,
                                                 level.height, facts.bands, static_cast<VipsBandFormat>(facts.format));
    image.get_image()->Type = like.interpretation();
    for (const char* name : {VIPS_META_ICC_NAME, VIPS_META_EXIF_NAME}) copy_blob(like, image, name);
    return image;
}

}  // namespace

SharedPixels::~SharedPixels() {
    if (mapped_ != nullptr) munmap(mapped_, mapped_bytes_);
}

bool SharedPixels::map(std::size_t bytes, bool writable) {
    struct stat file{};
    if (descriptor_ < 0 || fstat(descriptor_, &file) != 0 || static_cast<std::size_t>(file.st_size) < bytes)
        return false;
    if (mapped_ != nullptr) munmap(std::exchange(mapped_, nullptr), mapped_bytes_);
    void* mapped = mmap(nullptr, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor_, 0);
    if (mapped == MAP_FAILED) return false;
    mapped_ = static_cast<std::byte*>(mapped);
    mapped_bytes_ = bytes;
    return true;
}

std::optional<SharedPixels::Decoded> SharedPixels::find(const VImage& opened, int most) {
    if (!map(kPixelsAt, false)) return std::nullopt;
    if (head_of(mapped_).state.load(std::memory_order_acquire) != State::full) return std::nullopt;
    const Facts facts = head_of(mapped_).facts;
    if (!are_sound(facts, opened) || facts.shrunk > most || !map(file_bytes(facts), false)) return std::nullopt;
    Level level = first_level(facts);
    while (!is_last(level, facts) && 2 * level.shrunk <= most) level = next_level(level, facts);
    return Decoded{image_of(mapped_, level, facts, opened), level.shrunk};
}

bool SharedPixels::keep(const VImage& image, int shrunk, int smallest) {
    const bool is_plain = image.format() == VIPS_FORMAT_UCHAR && image.coding() == VIPS_CODING_NONE;
    const Facts facts{image.width(),  image.height(), image.bands(),
                      image.format(), shrunk,         is_plain ? std::max(shrunk, smallest) : shrunk};
    if (image.coding() != VIPS_CODING_NONE || !are_sound(facts, image) || !map(file_bytes(facts), true)) return false;
    State expected = State::empty;
    if (!head_of(mapped_).state.compare_exchange_strong(expected, State::filling)) return false;
    Level level = first_level(facts);
    const std::size_t row_bytes = static_cast<std::size_t>(level.width) * pixel_bytes(facts);
    for_each_row(image, [row_bytes, to = mapped_ + level.at](const VipsPel* row) mutable {
        std::memcpy(to, row, row_bytes);
        to += row_bytes;
    });
    while (!is_last(level, facts)) {
        const Level smaller = next_level(level, facts);
        halve(reinterpret_cast<std::uint8_t*>(mapped_ + level.at), level,
              reinterpret_cast<std::uint8_t*>(mapped_ + smaller.at), smaller, facts.bands);
        level = smaller;
    }
    head_of(mapped_).facts = facts;
    head_of(mapped_).state.store(State::full, std::memory_order_release);
    return true;
}

}  // namespace thumbgate
