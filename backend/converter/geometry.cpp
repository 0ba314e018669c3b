#include "backend/converter/geometry.hpp"

#include <algorithm>
#include <cstdlib>

#include "backend/converter/ratio.hpp"
#include "contract/gravity.hpp"
#include "contract/reduce_look.hpp"

namespace thumbgate {
namespace {

constexpr Ratio kOriginalSize{1, 1};

// Never nothing.
std::uint64_t scaled(std::uint64_t pixels, Ratio scale) {
    return std::max<std::uint64_t>(scale.times(pixels), 1);
}

struct Scale {
    Ratio horizontal;
    Ratio vertical;

    Ratio larger() const { return std::max(horizontal, vertical); }
    Scale times(Ratio factor) const { return {horizontal * factor, vertical * factor}; }
};

Size scaled(Size size, const Scale& scale) {
    return {scaled(size.width, scale.horizontal), scaled(size.height, scale.vertical)};
}

// ---- Places ----

// Where an anchor is along one side.
struct Position {
    int pull;             // of contract/gravity.hpp
    std::int32_t offset;  // kPlaceUnit
    bool is_focus;
};

// Where `inner` begins in `outer`, which is not smaller.
std::uint64_t place(std::uint64_t outer, std::uint64_t inner, Position position, Ratio density) {
    const auto spare = static_cast<std::int64_t>(outer - inner);
    const std::int64_t offset = pixels_of(position.offset, outer, density);
    std::int64_t start = spare / 2 + offset;
    if (position.is_focus) {
        const Ratio part{static_cast<std::uint64_t>(position.offset), kPlaceUnit};
        start = static_cast<std::int64_t>(part.times(outer)) - static_cast<std::int64_t>(inner / 2);
    } else if (position.pull != 0) {
        start = position.pull < 0 ? offset : spare - offset;
    }
    return static_cast<std::uint64_t>(std::clamp<std::int64_t>(start, 0, spare));
}

Area place(Size outer, Size inner, const Anchor& anchor, Ratio density) {
    const bool is_focus = anchor.gravity == Gravity::focus_point;
    const Pull pull = pull_of(anchor.gravity);
    return {place(outer.width, inner.width, {pull.across, anchor.x, is_focus}, density),
            place(outer.height, inner.height, {pull.down, anchor.y, is_focus}, density), inner};
}

// ---- The part of the source ----

std::uint64_t crop_side(std::uint32_t wanted, std::uint64_t side) {
    if (wanted == 0) return side;
    if (wanted >= kPlaceUnit) return std::min<std::uint64_t>(wanted / kPlaceUnit, side);
    return scaled(side, {wanted, kPlaceUnit});
}

Area used_area(const Look& look, Size source) {
    const Size size{crop_side(look.crop_width, source.width), crop_side(look.crop_height, source.height)};
    return place(source, size, look.crop_gravity, kOriginalSize);
}

// ---- Its size ----

// `landscape` counts a square in.
ResizingType type_for(const Look& look, Size source) {
    if (look.resizing_type != ResizingType::automatic) return look.resizing_type;
    const bool same = (source.width >= source.height) == (look.width >= look.height);
    return same ? ResizingType::fill : ResizingType::fit;
}

// Of dpr 1 and without a zoom, as if there were always enough pixels.
Scale wanted_scale(const Look& look, ResizingType type, Size source) {
    if (look.width == 0 && look.height == 0) return {};
    const Ratio by_width{look.width, source.width};
    const Ratio by_height{look.height, source.height};
    if (look.height == 0) return {by_width, by_width};
    if (look.width == 0) return {by_height, by_height};
    if (type == ResizingType::force) return {by_width, by_height};
    const Ratio both = type == ResizingType::fit ? std::min(by_width, by_height) : std::max(by_width, by_height);
    return {both, both};
}

void reach_minimum(Scale& scale, const Look& look, Size source) {
    const auto reach = [](Ratio& side, Ratio& other, Ratio minimum) {
        if (!(side < minimum)) return;
        other = other * side.inverse() * minimum;
        side = minimum;
    };
    if (look.min_width != 0) reach(scale.horizontal, scale.vertical, {look.min_width, source.width});
    if (look.min_height != 0) reach(scale.vertical, scale.horizontal, {look.min_height, source.height});
}

struct Scaling {
    Scale scale;    // with the density
    Ratio density;  // what dpr comes to
};

// Without enlarging, a source that is too small is shown pixel for pixel. A dpr below 1 then takes nothing away from it
// unless it would from the size that was asked for; an extension has that size in any case.
Scaling make_scaling(const Look& look, ResizingType type, Size source) {
    Scale scale = wanted_scale(look, type, source);
    scale = {scale.horizontal * Ratio{look.zoom_x, kDprUnit}, scale.vertical * Ratio{look.zoom_y, kDprUnit}};
    Ratio density{look.dpr, kDprUnit};
    if (!look.enlarge) {
        const Ratio larger = scale.larger();
        if (kOriginalSize < larger) {
            scale = scale.times(larger.inverse());
            if (!look.extend) density = density * larger;
        }
        density = std::min(density, kOriginalSize < larger ? kOriginalSize : larger.inverse());
    }
    reach_minimum(scale, look, source);
    return {scale.times(density), density};
}

// ---- What comes out ----

// A side of 0 is free.
Size target_of(const Look& look, Ratio density) {
    const auto side = [&](std::uint32_t wanted, std::uint32_t zoom) {
        return wanted == 0 ? 0 : scaled(wanted, density * Ratio{zoom, kDprUnit});
    };
    return {side(look.width, look.zoom_x), side(look.height, look.zoom_y)};
}

// Of a picture that is smaller than the target on one side: as much as has the target's aspect ratio.
Size filled_down(Size target, Size size) {
    const Ratio wide{target.width, size.width};
    const Ratio high{target.height, size.height};
    if (high < wide && kOriginalSize < wide) {
        return {size.width, scaled(size.width, {target.height, target.width})};
    }
    if (wide < high && kOriginalSize < high) {
        return {scaled(size.height, {target.width, target.height}), size.height};
    }
    return target;
}

Size kept_of(Size size, Size target) {
    const auto side = [](std::uint64_t whole, std::uint64_t wanted) {
        return wanted == 0 ? whole : std::min(whole, wanted);
    };
    return {side(size.width, target.width), side(size.height, target.height)};
}

Size with_aspect_ratio(Size size, Size target) {
    const Ratio wide{target.width, size.width};
    const Ratio high{target.height, size.height};
    if (wide < high) return {size.width, scaled(size.width, {target.height, target.width})};
    if (high < wide) return {scaled(size.height, {target.width, target.height}), size.height};
    return size;
}

void extend_to(Plan& plan, Size target, const Anchor& anchor, Ratio density) {
    const Size larger{std::max(plan.canvas.width, target.width), std::max(plan.canvas.height, target.height)};
    const Area placed = place(larger, plan.canvas, anchor, density);
    plan.canvas = larger;
    plan.canvas_left += placed.left;
    plan.canvas_top += placed.top;
}

void pad(Plan& plan, const Padding& padding, Ratio density) {
    const std::uint64_t left = density.times(padding.left);
    const std::uint64_t top = density.times(padding.top);
    plan.canvas_left += left;
    plan.canvas_top += top;
    plan.canvas.width += left + density.times(padding.right);
    plan.canvas.height += top + density.times(padding.bottom);
}

void crop_to(Plan& plan, Size size, const Anchor& anchor, Ratio density) {
    plan.result = kept_of(plan.scaled, size);
    if (!plan.crops()) return;
    plan.crop_by_content = anchor.gravity == Gravity::smart;
    if (plan.crop_by_content) return;
    const Area kept = place(plan.scaled, plan.result, anchor, density);
    plan.left = kept.left;
    plan.top = kept.top;
}

}  // namespace

std::int64_t pixels_of(std::int32_t offset, std::uint64_t side, Ratio density) {
    const auto size = static_cast<std::uint64_t>(std::abs(std::int64_t{offset}));
    const bool counts_pixels = size >= kPlaceUnit;
    const Ratio part{counts_pixels ? 1 : size, kPlaceUnit};
    const auto pixels = static_cast<std::int64_t>(counts_pixels ? (density * part).times(size) : part.times(side));
    return offset < 0 ? -pixels : pixels;
}

Plan make_plan(const Look& asked, Size source) {
    Look look = asked;
    reduce_look(look);
    Plan plan;
    plan.used = used_area(look, source);
    const ResizingType type = type_for(look, plan.used.size);
    const auto [scale, density] = make_scaling(look, type, plan.used.size);
    plan.scaled = scaled(plan.used.size, scale);
    const Size target = target_of(look, density);
    const bool fills_down = type == ResizingType::fill_down;
    crop_to(plan, fills_down ? filled_down(target, plan.scaled) : target, look.gravity, density);
    plan.canvas = plan.result;
    plan.density = density;
    if (look.extend) extend_to(plan, target, look.extend_gravity, density);
    if (look.extend_aspect_ratio) {
        extend_to(plan, with_aspect_ratio(plan.result, target), look.extend_aspect_ratio_gravity, density);
    }
    pad(plan, look.padding, density);
    return plan;
}

}  // namespace thumbgate
