// A ladder of widths: one signature for a whole srcset. It is computed over the path with the width written as "*",
//
//     signed   /w:*/q:80/plain/photo://abc
//     sent     /w:320/q:80/plain/photo://abc      with any width of the ladder
//
// The width is the one option `w:N` or `width:N` of the path, in these very bytes: no escape, no leading zero, and not
// in `size` or `resize`. A path with none or with several has no ladder. Whatever else the path says is covered as it
// stands, its source too. Pure functions; reading a Ladder is thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/keys.hpp"
#include "contract/refusal.hpp"
#include "contract/thumb_url.hpp"

namespace thumbgate {

class Ladder {
  public:
    // Refuses what is no width in pixels, and one that is there already.
    Parsed<void> add(std::string_view width);

    bool has(std::string_view width) const;
    bool empty() const { return widths_.empty(); }
    const std::vector<std::string>& widths() const { return widths_; }

  private:
    std::vector<std::string> widths_;  // in digits
};

// `path` with "*" for its width: what is signed. nullopt where the path has not exactly one width, or none of `ladder`.
std::optional<std::string> with_any_width(std::string_view path, const Ladder& ladder);

// The reverse: `path` with `width` for the "*". nullopt where the path has no such place.
std::optional<std::string> with_width(std::string_view path, std::string_view width);

// How the signatures of a location are made.
struct SignatureRules {
    std::size_t size = kMaxSignatureSize;  // bytes
    const Ladder* ladder = nullptr;        // null: none
};

// The key that signed the link as it is, or, only then looked for, with any width of the ladder; else null.
const Key* verify_link(const KeyRing& keys, const SignedPath& link, std::uint64_t now, const SignatureRules& rules);

}  // namespace thumbgate
