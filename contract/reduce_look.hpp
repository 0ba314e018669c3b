// Which looks are one and the same: what of a look has no effect on any picture is dropped, and what can be said in two
// ways is said in one. canonical.hpp lists the rules; the geometry of a conversion starts from the same folding, so
// that a look and its reduced form are one conversion by construction. Pure functions; thread-safe.
#pragma once

#include "contract/look.hpp"

namespace thumbgate {

void reduce_look(Look& look);

// Multiplies into width and height what only multiplies: the zoom, where it is the same for both sides, and the dpr,
// where nothing else counts in its pixels. Rounded to the pixel, at least one.
void fold_factors(Look& look);

// Whether a picture can be larger than the size asked for, so that a part of it is cut off.
bool crops_to_size(const Look& look);

}  // namespace thumbgate
