// A thumbnail link, `<signature>/<option:arg…>/…/plain/<source>[@format]` or `…/<base64url source>[.format]`, read
// from the raw bytes of a request target. Reading checks the grammar alone; signature and expiry are separate steps,
// in this order: verify, parse, expiry. Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "contract/options.hpp"
#include "contract/refusal.hpp"
#include "contract/sources.hpp"

namespace thumbgate {

inline constexpr std::size_t kMaxLinkLength = 8192;  // bytes of a target; longer ones are refused
inline constexpr std::size_t kMaxOptions = 64;       // segments before the source

// The two halves of a target, views into it.
struct SignedPath {
    std::string_view signature;
    std::string_view path;  // what the signature covers: from its "/" on, raw
};

// `target`: what follows the location's prefix, e.g. "SIG/w:320/plain/photo://id?x"; the query is cut off.
Parsed<SignedPath> split_signature(std::string_view target);

struct ThumbLink {
    Options options;
    std::string source;  // decoded, e.g. "photo://abc"
};

// What a location lets its links say.
struct LinkRules {
    const Presets& presets;
    // A link names presets alone, by `preset` or as imgproxy has it in this mode: as a bare list, `small:grey`, that
    // stands where the first option would. `exp`, `lid` and `sid`, and a format behind the source, are its own affair.
    bool presets_only = false;
    const Sources* sources = nullptr;  // null: every source
};

// `path`: SignedPath::path. Percent-escapes are folded, presets are expanded (the preset "default" first).
Parsed<ThumbLink> parse_link(std::string_view path, const LinkRules& rules);

inline Parsed<ThumbLink> parse_link(std::string_view path, const Presets& presets) {
    return parse_link(path, LinkRules{.presets = presets});
}

// Whether `exp` has passed; it names the last second that is allowed.
inline bool is_expired(const Options& options, std::uint64_t now) {
    return options.expires != 0 && options.expires < now;
}

// The source's id when it is an uploaded photo (`photo://<id>`); else empty. A view into `source`.
std::string_view photo_id(std::string_view source);

// What a source is purged by, and requests for it are spread by: a photo's id, else the whole source.
std::string_view source_name(std::string_view source);

// The same target without its secret, for logs: the signature becomes "-" and the query is left out.
std::string redact(std::string_view prefix, std::string_view target);

}  // namespace thumbgate
