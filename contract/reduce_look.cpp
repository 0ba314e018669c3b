#include "contract/reduce_look.hpp"

#include <algorithm>

#include "contract/gravity.hpp"

namespace thumbgate {
namespace {

bool is_sized(const Look& look) {
    return look.width != 0 || look.height != 0;
}
bool has_both_sides(const Look& look) {
    return look.width != 0 && look.height != 0;
}
bool has_minimum(const Look& look) {
    return look.min_width != 0 || look.min_height != 0;
}

bool is_fill(const Look& look) {
    const ResizingType type = look.resizing_type;
    return type == ResizingType::fill || type == ResizingType::fill_down || type == ResizingType::automatic;
}

// A side that was asked for does not become 0, which would mean "not asked for".
std::uint32_t multiplied(std::uint32_t pixels, std::uint32_t thousandths) {
    if (pixels == 0) return 0;
    const std::uint64_t product = (std::uint64_t{pixels} * thousandths + kDprUnit / 2) / kDprUnit;
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(product, 1, kMaxDimension));
}

void multiply(Look& look, std::uint32_t& factor) {
    look.width = multiplied(look.width, factor);
    look.height = multiplied(look.height, factor);
    factor = kDprUnit;
}

bool has_watermark_in_pixels(const Look& look) {
    return look.watermark.opacity != 0 && look.watermark.place.counts_pixels();
}

// Whether something else than the size is a matter of dpr: paddings and offsets are multiplied by it, a fill that must
// not enlarge keeps the part that it shows, an extension its composition, and a minimum follows after it.
bool depends_on_dpr(const Look& look) {
    const bool offset =
        (crops_to_size(look) && look.gravity.counts_pixels()) || (look.extend && look.extend_gravity.counts_pixels()) ||
        (look.extend_aspect_ratio && look.extend_aspect_ratio_gravity.counts_pixels()) || has_watermark_in_pixels(look);
    const bool extends = (look.extend || look.extend_aspect_ratio) && !look.enlarge;
    const bool fills = has_both_sides(look) && is_fill(look) && !look.enlarge;
    return fills || extends || offset || has_minimum(look) || look.padding != Padding{};
}

void drop_extensions(Look& look) {
    const bool both = has_both_sides(look);
    const bool fills = look.resizing_type == ResizingType::fill || look.resizing_type == ResizingType::force;
    const bool reaches_size = look.enlarge && (!both || fills);
    if (!is_sized(look) || reaches_size) look.extend = false;
    if (!both || reaches_size || look.extend) look.extend_aspect_ratio = false;
    if (!look.extend) look.extend_gravity = {};
    if (!look.extend_aspect_ratio) look.extend_aspect_ratio_gravity = {};
    reduce_anchor(look.extend_gravity, look.width != 0, look.height != 0);
    reduce_anchor(look.extend_aspect_ratio_gravity);
}

// Where a picture is enlarged to one side of the box, that with the box's aspect ratio is the box.
void unite_extensions(Look& look) {
    if (!look.extend_aspect_ratio || !look.enlarge || has_minimum(look) || look.zoom_x != look.zoom_y) return;
    look.extend = true;
    look.extend_gravity = look.extend_aspect_ratio_gravity;
    look.extend_aspect_ratio = false;
    look.extend_aspect_ratio_gravity = {};
}

// Mirroring at both axes is half a turn: what is left is turns, and one mirror.
void reduce_turns(Look& look) {
    if (!look.flip_vertically) return;
    look.flip_vertically = false;
    look.flip_horizontally = !look.flip_horizontally;
    look.quarter_turns = static_cast<std::uint8_t>((look.quarter_turns + 2) % 4);
}

void reduce_crop(Look& look) {
    const bool crops = look.crop_width != 0 || look.crop_height != 0;
    if (crops && !look.has_crop_gravity) look.crop_gravity = look.gravity;
    if (!crops) look.crop_gravity = {};
    reduce_anchor(look.crop_gravity, look.crop_width != 0, look.crop_height != 0);
    look.has_crop_gravity = crops;
}

void reduce_watermark(Watermark& mark) {
    if (mark.opacity == 0) mark = {};
    if (mark.is_tiled) mark.place = {Gravity::center, std::max(mark.place.x, 0), std::max(mark.place.y, 0)};
}

// Without a size only factors scale, and without enlarging they cannot scale up. A zoom is then a dpr, but that
// paddings, offsets of a watermark and minima count in pixels of the dpr alone.
void reduce_unsized(Look& look) {
    constexpr std::uint64_t kOne = std::uint64_t{kDprUnit} * kDprUnit;
    const std::uint64_t zoom = std::max(look.zoom_x, look.zoom_y);
    const bool scales_up = zoom * look.dpr > kOne;
    if (zoom <= kDprUnit && !scales_up) look.enlarge = false;
    if (!look.enlarge && zoom >= kDprUnit && scales_up) look.dpr = kDprUnit;
    if (look.zoom_x != look.zoom_y) return;
    const bool caps = !look.enlarge && zoom >= kDprUnit;
    const bool counts_pixels = has_minimum(look) || look.padding != Padding{} || has_watermark_in_pixels(look);
    const std::uint64_t product = caps ? std::min(zoom * look.dpr, kOne) : zoom * look.dpr;
    const bool is_a_dpr = product % kDprUnit == 0 && product / kDprUnit <= kMaxDpr;
    if ((!caps && counts_pixels) || !is_a_dpr) return;
    look.dpr = static_cast<std::uint32_t>(product / kDprUnit);
    look.zoom_x = look.zoom_y = kDprUnit;
    if (look.dpr <= kDprUnit) look.enlarge = false;
    if (!look.enlarge) look.dpr = std::min(look.dpr, kDprUnit);
}

}  // namespace

bool crops_to_size(const Look& look) {
    return is_sized(look) && ((has_both_sides(look) && is_fill(look)) || has_minimum(look));
}

void fold_factors(Look& look) {
    if (!is_sized(look)) return;
    if (look.zoom_x == look.zoom_y) {
        multiply(look, look.zoom_x);
        look.zoom_y = kDprUnit;
    }
    if (!depends_on_dpr(look)) multiply(look, look.dpr);
}

void reduce_look(Look& look) {
    reduce_watermark(look.watermark);
    reduce_turns(look);
    reduce_crop(look);
    if (!is_sized(look)) reduce_unsized(look);
    if (!has_both_sides(look)) look.resizing_type = ResizingType::fit;
    if (look.enlarge && look.resizing_type == ResizingType::fill_down) look.resizing_type = ResizingType::fill;
    if (!crops_to_size(look)) look.gravity = {};
    reduce_anchor(look.gravity);
    drop_extensions(look);
    unite_extensions(look);
    fold_factors(look);
    if (!look.has_background) look.background = {};
    if (!look.has_trim_colour) look.trim_colour = {};
    if (look.pixelate == 1) look.pixelate = 0;
}

}  // namespace thumbgate
