// Waiting for a descriptor, with a deadline. Everything runs on the descriptor's executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "backend/deadline.hpp"

namespace thumbgate {

enum class Waited {
    ready,      // there is something to read, or the other end is gone
    timed_out,  // the deadline passed first
    cancelled,  // by descriptor.cancel()
};

// One wait at a time for one descriptor. Deadline::max() is none.
boost::asio::awaitable<Waited> wait_readable(boost::asio::posix::stream_descriptor& descriptor, Deadline deadline);

}  // namespace thumbgate
