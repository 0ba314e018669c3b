#include "contract/gravity.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace thumbgate {
namespace {

struct Direction {
    Gravity gravity;
    Pull pull;
};

constexpr std::array<Direction, 9> kDirections{{
    {Gravity::center, {0, 0}},
    {Gravity::north, {0, -1}},
    {Gravity::south, {0, 1}},
    {Gravity::east, {1, 0}},
    {Gravity::west, {-1, 0}},
    {Gravity::north_east, {1, -1}},
    {Gravity::north_west, {-1, -1}},
    {Gravity::south_east, {1, 1}},
    {Gravity::south_west, {-1, 1}},
}};

struct Side {
    int pull;
    std::int32_t offset;  // kPlaceUnit
};

Side reduced(Side side, bool has_room) {
    if (!has_room) return {};
    return {side.pull, side.pull == 0 ? side.offset : std::max(side.offset, 0)};
}

// A focus at the end of a side is that end; nullopt: it is none.
std::optional<Side> end_of(std::int32_t focus, bool has_room) {
    if (!has_room) return Side{};
    if (focus != 0 && focus != kPlaceUnit) return std::nullopt;
    return Side{focus == 0 ? -1 : 1, 0};
}

}  // namespace

Pull pull_of(Gravity gravity) {
    const auto* found = std::ranges::find(kDirections, gravity, &Direction::gravity);
    return found == kDirections.end() ? Pull{} : found->pull;
}

Gravity gravity_of(Pull pull) {
    return std::ranges::find(kDirections, pull, &Direction::pull)->gravity;
}

void reduce_anchor(Anchor& anchor, bool has_room_across, bool has_room_down) {
    if (anchor.gravity == Gravity::smart) return;
    std::optional<Side> across;
    std::optional<Side> down;
    if (anchor.gravity == Gravity::focus_point) {
        across = end_of(anchor.x, has_room_across);
        down = end_of(anchor.y, has_room_down);
        if (!has_room_across) anchor.x = 0;
        if (!has_room_down) anchor.y = 0;
    } else {
        const Pull pull = pull_of(anchor.gravity);
        across = reduced({pull.across, anchor.x}, has_room_across);
        down = reduced({pull.down, anchor.y}, has_room_down);
    }
    if (across && down) anchor = {gravity_of({across->pull, down->pull}), across->offset, down->offset};
}

}  // namespace thumbgate
