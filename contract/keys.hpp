// The key file and what it is for: signing links and verifying them. One key a line,
//
//     <id> <hex key> <hex salt> [not-before=<unix>] [not-after=<unix>]
//
// with '#' comments and blank lines. The first line that is valid at the time signs; every valid line verifies.
// A KeyRing is immutable after it is read, so that threads and forked workers may share one.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "contract/hmac.hpp"

namespace thumbgate {

// A signature is the first bytes of a MAC. Below 8 bytes one could be found by trying; a MAC has 32.
inline constexpr std::size_t kMinSignatureSize = 8;
inline constexpr std::size_t kMaxSignatureSize = 32;

class Key {
  public:
    // `key`, `salt`: raw bytes. Valid from `not_before` to `not_after`, both included, in unix seconds.
    Key(std::string id, std::string_view key, std::string salt, std::uint64_t not_before, std::uint64_t not_after)
        : id_(std::move(id)), hmac_(key), salt_(std::move(salt)), not_before_(not_before), not_after_(not_after) {}

    const std::string& id() const { return id_; }
    bool valid_at(std::uint64_t now) const { return now >= not_before_ && now <= not_after_; }

    // HMAC-SHA256(key, salt ‖ path).
    Sha256 sign(std::string_view path) const { return hmac_.mac({salt_, path}); }

  private:
    std::string id_;
    HmacKey hmac_;
    std::string salt_;
    std::uint64_t not_before_;
    std::uint64_t not_after_;
};

class KeyRing {
  public:
    // Errors name the line and what is wrong with it, never the key. A ring without a key is an error.
    static std::expected<KeyRing, std::string> parse(std::string_view text);

    // Also refuses a file that users other than its owner and group can read, and one above 64 KiB.
    static std::expected<KeyRing, std::string> read_file(const std::string& path);

    // The signature of `size` bytes in its one spelling, strict base64url; empty when no key is valid at `now`.
    std::string sign(std::string_view path, std::uint64_t now, std::size_t size = kMaxSignatureSize) const;

    // The key that made `signature`, or null; also null for a signature of another size. In time that does not depend
    // on how much of a signature was right: what a malformed one is spared, its sender knows.
    const Key* verify(std::string_view signature, std::string_view path, std::uint64_t now,
                      std::size_t size = kMaxSignatureSize) const;

  private:
    std::vector<Key> keys_;
};

// A fresh line for a key file: 256 random bits each of key and salt.
std::string new_key_line(std::string_view id);

}  // namespace thumbgate
