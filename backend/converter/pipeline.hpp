// One job from its request to its reply: a picture is decoded, and where it is to be converted, scaled, cropped,
// brought to sRGB, stripped of every piece of metadata and encoded again. Needs start_libvips() first. Never throws;
// whatever a picture does to libvips ends as an Outcome. One job at a time.
#pragma once

#include "backend/converter/protocol.hpp"
#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {

// Reads its files from their first byte. Writes at the start of `output`, for JobKind::convert alone. All stay open.
// SVG is no_codec for the first, and anything else for the second.
JobReply run_job(const JobRequest& request, const JobFiles& files) noexcept;
JobReply run_svg_job(const JobRequest& request, const JobFiles& files) noexcept;
using JobRunner = JobReply (*)(const JobRequest& request, const JobFiles& files) noexcept;

// A small picture, and its conversion to a format, so that the first job finds code, tables and pages in place. Both
// descriptors are empty files of no further use. False: there is no picture, and the first jobs take a little longer.
bool write_warm_up_source(ConverterKind kind, int source) noexcept;
void warm_up(JobRunner run, Format format, int source, int output) noexcept;

}  // namespace thumbgate
