#include "backend/converter/geometry.hpp"

#include <algorithm>

namespace thumbgate {
namespace {

// A scale factor as a fraction, so that no rounding but the last one decides a size. Numerators stay below 2^31
// (a dimension times a dpr in thousandths), denominators and pixels below 2^34: every product fits 64 bits.
struct Ratio {
    std::uint64_t numerator;
    std::uint64_t denominator;

    bool operator<(const Ratio& other) const { return numerator * other.denominator < other.numerator * denominator; }
};

constexpr Ratio kOriginalSize{1, 1};

// To the nearest pixel, halves up, and never nothing.
std::uint64_t scaled(std::uint64_t pixels, Ratio scale) {
    const std::uint64_t nearest = (2 * pixels * scale.numerator + scale.denominator) / (2 * scale.denominator);
    return std::max<std::uint64_t>(nearest, 1);
}

Size scaled(Size size, Ratio scale) {
    return {scaled(size.width, scale), scaled(size.height, scale)};
}

Plan whole(Size size) {
    return {.scaled = size, .result = size};
}

// The size that is asked for, in pixels of the result; 0 where a side is free.
Size box_of(const Options& options) {
    const auto side = [&](std::uint32_t wanted) {
        const Ratio dpr{options.dpr, kDprUnit};
        return wanted == 0 ? 0 : std::min<std::uint64_t>(scaled(wanted, dpr), kMaxDimension);
    };
    return {side(options.width), side(options.height)};
}

Plan plan_unsized(const Options& options, Size source) {
    if (options.dpr > kDprUnit && !options.enlarge) return whole(source);
    return whole(scaled(source, {options.dpr, kDprUnit}));
}

Plan plan_fit(const Options& options, Size source) {
    const Size box = box_of(options);
    const Ratio by_width{box.width, source.width};
    const Ratio by_height{box.height, source.height};
    Ratio scale = box.width == 0 ? by_height : by_width;
    if (box.width != 0 && box.height != 0) scale = std::min(by_width, by_height);
    if (!options.enlarge) scale = std::min(scale, kOriginalSize);
    return whole(scaled(source, scale));
}

Plan plan_force(const Options& options, Size source) {
    const Size box = box_of(options);
    if (options.enlarge) return whole(box);
    const Ratio by_width{box.width, source.width};
    const Ratio by_height{box.height, source.height};
    const Ratio larger = std::max(by_width, by_height);
    if (!(kOriginalSize < larger)) return whole(box);
    // The side that would grow most keeps the source's size; the other follows at the box's aspect ratio.
    return whole(scaled(box, {larger.denominator, larger.numerator}));
}

Plan plan_filled_box(const Options& options, Size source) {
    const Size box = box_of(options);
    const Ratio scale = std::max(Ratio{box.width, source.width}, Ratio{box.height, source.height});
    Plan plan = whole(scaled(source, scale));
    plan.result = {std::min(box.width, plan.scaled.width), std::min(box.height, plan.scaled.height)};
    return plan;
}

// Without enlarging, dpr raises the density of what dpr 1 shows, and stops where the source has no more pixels.
Plan plan_fill_of_source(const Options& options, Size source) {
    const Size box{options.width, options.height};
    const Ratio fill = std::max(Ratio{box.width, source.width}, Ratio{box.height, source.height});
    const Ratio wanted{fill.numerator * options.dpr, fill.denominator * kDprUnit};
    const Ratio scale = std::min(wanted, kOriginalSize);
    const bool source_is_smaller = kOriginalSize < fill;
    // How the box of dpr 1 is scaled: with the source, or by what is left of dpr.
    Ratio density{options.dpr, kDprUnit};
    if (source_is_smaller)
        density = scale;
    else if (kOriginalSize < wanted)
        density = {fill.denominator, fill.numerator};
    const Size target = scaled(box, density);
    Plan plan = whole(scaled(source, scale));
    plan.result = {std::min(target.width, plan.scaled.width), std::min(target.height, plan.scaled.height)};
    return plan;
}

bool is_one_of(Gravity gravity, Gravity a, Gravity b, Gravity c) {
    return gravity == a || gravity == b || gravity == c;
}

// Where a crop lies along one side.
std::uint64_t offset(std::uint64_t spare, bool at_start, bool at_end) {
    if (at_start) return 0;
    return at_end ? spare : spare / 2;
}

void place(Plan& plan, Gravity gravity) {
    if (!plan.crops()) return;
    plan.crop_by_content = gravity == Gravity::smart;
    if (plan.crop_by_content) return;
    using enum Gravity;
    plan.left = offset(plan.scaled.width - plan.result.width, is_one_of(gravity, west, north_west, south_west),
                       is_one_of(gravity, east, north_east, south_east));
    plan.top = offset(plan.scaled.height - plan.result.height, is_one_of(gravity, north, north_west, north_east),
                      is_one_of(gravity, south, south_west, south_east));
}

}  // namespace

Plan make_plan(const Options& options, Size source) {
    if (options.width == 0 && options.height == 0) return plan_unsized(options, source);
    const bool both_sides = options.width != 0 && options.height != 0;
    if (!both_sides || options.resizing_type == ResizingType::fit) return plan_fit(options, source);
    if (options.resizing_type == ResizingType::force) return plan_force(options, source);
    Plan plan = options.enlarge ? plan_filled_box(options, source) : plan_fill_of_source(options, source);
    place(plan, options.gravity);
    return plan;
}

}  // namespace thumbgate
