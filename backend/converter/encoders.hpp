// What each format is encoded with, and how far it goes. Thread-safe as far as libvips is.
#pragma once

#include "backend/converter/limited_target.hpp"
#include "backend/converter/steps.hpp"

namespace thumbgate {

int largest_side(Format format);     // pixels of one frame; the encoder's own bound
int default_quality(Format format);  // imgproxy's; 0 where the format has none
bool can_encode(Format format);      // whether this build of libvips has the encoder

// Encodes job.image, stripped of all but job.copyright by then, at job.quality. Throws vips::VError, also where the
// target takes no more.
void encode_as(Format format, const Job& job, LimitedTarget& target);

}  // namespace thumbgate
