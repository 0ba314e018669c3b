// Many clients that ask for one thing at one time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thumbgate::bench {

// Opens `clients` connections to 127.0.0.1:`port`, then sends a GET of `target` on all of them. What each waited for
// its last byte, in ms. An answer that is not a 200 throws.
std::vector<double> burst(std::uint16_t port, const std::string& target, int clients);

}  // namespace thumbgate::bench
