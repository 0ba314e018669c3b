// Key material for tests, and a signature that is computed without the code under test.
#pragma once

#include <string>
#include <string_view>

namespace thumbgate::test {

struct Key {
    std::string_view id;
    std::string_view key_hex;
    std::string_view salt_hex;
    // As a line of a key file.
    std::string line() const {
        return std::string(id) + ' ' + std::string(key_hex) + ' ' + std::string(salt_hex) + '\n';
    }
};

inline constexpr Key kKey{"first", "6b6579206f6e6520666f7220746573747320736967736c696e6b732121212121",
                          "73616c74206f6e6520666f72207465737473"};
inline constexpr Key kOtherKey{"second", "6b65792074776f20666f7220746573747320736967736c696e6b732121212121",
                               "73616c742074776f20666f72207465737473"};
// A key file that holds kKey alone.
inline constexpr std::string_view kKeyFile =
    "first 6b6579206f6e6520666f7220746573747320736967736c696e6b732121212121 73616c74206f6e6520666f72207465737473\n";
// A secret file: 32 bytes in hex.
inline constexpr std::string_view kSecret = "73656372657420666f7220746573747320746861742069732033322062797465\n";

// base64url without padding of the first bytes of HMAC-SHA256(key, salt ‖ path). `path` begins with "/".
std::string signature_of(std::string_view path, const Key& key = kKey, size_t bytes = 32);
// "/t/<signature><path>".
std::string signed_url(std::string_view path, const Key& key = kKey);
// base64url without padding.
std::string base64url(std::string_view bytes);

}  // namespace thumbgate::test
