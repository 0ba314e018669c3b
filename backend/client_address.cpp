#include "backend/client_address.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstdint>

namespace thumbgate {
namespace asio = boost::asio;

std::optional<std::string> client_network(const std::string& client) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(client, error);
    if (error) return std::nullopt;
    if (address.is_v4()) return address.to_string();
    if (address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    constexpr std::size_t kNetworkBytes = 8;
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + kNetworkBytes, bytes.end(), std::uint8_t{0});
    return asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace thumbgate
