// HMAC-SHA256 (RFC 2104, FIPS 198-1) from precomputed states, HKDF (RFC 5869), digests and random bytes, all on
// OpenSSL. A key's inner and outer SHA-256 states are computed once, so that a MAC costs two copies and the blocks of
// the message, and allocates nothing.
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace thumbgate {

using Sha256 = std::array<std::uint8_t, 32>;

// Immutable after construction, so that threads and forked workers may share one.
class HmacKey {
  public:
    explicit HmacKey(std::string_view key);

    // The MAC of the parts, one after the other.
    Sha256 mac(std::initializer_list<std::string_view> parts) const;

  private:
    SHA256_CTX inner_;
    SHA256_CTX outer_;
};

Sha256 sha256(std::string_view bytes);

// In time that depends on the lengths alone.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

// HKDF-SHA256 with an empty salt; `label` keeps keys of different use apart. Throws std::runtime_error if OpenSSL
// refuses, which it does for no input of ours.
std::string hkdf(std::string_view secret, std::string_view label, std::size_t length);

// From the operating system's generator. Throws std::runtime_error when there is none to be had.
void fill_random(std::span<std::uint8_t> bytes);

}  // namespace thumbgate
