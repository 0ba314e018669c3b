// How a thread of the storage waits, and is woken when it shall end.
#pragma once

#include <chrono>
#include <semaphore>
#include <stop_token>

namespace thumbgate {

// False: it was asked to stop before the time had passed.
inline bool pause(const std::stop_token& stop, std::chrono::milliseconds time) {
    std::binary_semaphore stopped(0);
    const std::stop_callback wake(stop, [&stopped] { stopped.release(); });
    return !stopped.try_acquire_for(time);
}

}  // namespace thumbgate
