// One job from its request to its reply: a picture is decoded, and where it is to be converted, scaled, cropped,
// brought to sRGB, stripped of every piece of metadata and encoded again. Needs start_libvips() first. Never throws;
// whatever a picture does to libvips ends as an Outcome. One job at a time.
#pragma once

#include "backend/converter/protocol.hpp"

namespace thumbgate {

// Reads `source` from its first byte. Writes at the start of `output`, for JobKind::convert alone. Both stay open.
JobReply run_job(const JobRequest& request, int source, int output) noexcept;

// Converts a small picture to each format, so that the first job finds code, tables and pages in place. Writes to both
// descriptors, which are empty files of no further use.
void warm_up(int source, int output) noexcept;

}  // namespace thumbgate
