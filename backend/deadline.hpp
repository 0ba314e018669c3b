// The moment at which somebody stops waiting. Deadline::max() is never.
#pragma once

#include <chrono>

namespace thumbgate {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline after(std::chrono::steady_clock::duration time) {
    return std::chrono::steady_clock::now() + time;
}

}  // namespace thumbgate
