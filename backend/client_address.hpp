// What a client is counted by. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

namespace thumbgate {

// The network that one subscriber has all of: an IPv6 address's /64 ("2001:db8:1:2::/64"), an IPv4 address itself, also
// where it is written as IPv6. nullopt for any other text.
std::optional<std::string> client_network(const std::string& client);

}  // namespace thumbgate
