// What a gravity says of each side of a picture. Pure functions; thread-safe.
#pragma once

#include "contract/look.hpp"

namespace thumbgate {

// Towards which end of a side something lies: -1 for left or top, 1 for right or bottom, 0 for the middle.
struct Pull {
    int across = 0;
    int down = 0;
    bool operator==(const Pull&) const = default;
};

// Of one that names neither an edge nor a corner: the middle.
Pull pull_of(Gravity gravity);

Gravity gravity_of(Pull pull);

// Drops from an anchor what moves nothing: all that it says of a side with no room to move along, and an offset beyond
// the edge that the gravity names. A focus in a corner is that corner.
void reduce_anchor(Anchor& anchor, bool has_room_across = true, bool has_room_down = true);

}  // namespace thumbgate
