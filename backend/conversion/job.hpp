// What the broker asks a converter, and what it makes of the answer. A converter may be in an attacker's hands: a reply
// is bytes until every field of it has been checked. Pure but for send_job, make_output and read_output; thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "backend/conversion/pool.hpp"
#include "backend/converter/protocol.hpp"

namespace thumbgate {

JobRequest inspect_request(const PoolConfig& config);
JobRequest convert_request(const PoolConfig& config, const Conversion& conversion);

// With those descriptors that there are, in their order. False as of send_message().
bool send_job(int socket, const JobRequest& request, const JobFiles& files, int flags = 0);

// "inspect", or the format the result will most likely have: the label of the job in metrics.
std::string_view label(const JobRequest& request);

Group group_of(const JobRequest& request, Lane lane);

std::string_view name(Outcome outcome);  // "too_many_pixels"

// The reply, if it is one that an honest converter can give to this request.
std::optional<JobReply> check_reply(const JobRequest& request, std::span<const std::byte> bytes);

// An empty file in memory that cannot grow beyond `max_bytes`, whoever writes to it, and cannot be executed.
Result<UniqueFd> make_output(std::uint64_t max_bytes);

// The result that a checked reply describes. Refuses bytes that are not a picture of the format it names.
Result<Picture> read_output(const UniqueFd& output, const JobReply& reply);

// What a reply that is not ok means to the person who sent the picture.
Error error_of(const JobReply& reply, const PoolConfig& config);
Error timeout_error(const PoolConfig& config);
Error crash_error(std::string detail);   // 422: the picture broke its converters
Error failed_error(std::string detail);  // 500: something else went wrong

}  // namespace thumbgate
