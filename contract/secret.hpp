// The one secret that edge and backend share, and the keys derived from it by HKDF labels; and how files that hold
// secrets are read.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "contract/hmac.hpp"

namespace thumbgate {

// The file's bytes. Refuses a file that users other than its owner and group can read, anything but a regular file,
// and more than 64 KiB. The error names the path and the remedy.
std::expected<std::string, std::string> read_private_file(const std::string& path);

// Overwrites what was secret before its memory is given back.
void wipe(std::string& text);

// Immutable after construction; thread-safe.
struct SharedSecret {
    HmacKey service;  // the edge's MAC on requests to the backend
    HmacKey cookie;   // the MAC in session cookies

    // `secret`: 32 raw bytes.
    explicit SharedSecret(std::string_view secret);

    // The file holds 64 hex digits.
    static std::expected<SharedSecret, std::string> read_file(const std::string& path);
};

}  // namespace thumbgate
