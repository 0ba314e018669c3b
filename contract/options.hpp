// The processing options of a link: what the picture shall look like, and who may use the link for how long. The names,
// the argument order, the synonyms and the defaults are imgproxy's, so that its SDKs and documentation serve us;
// `info`, `lid` and `sid` are ours. Plain values; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/formats.hpp"
#include "contract/look.hpp"
#include "contract/refusal.hpp"

namespace thumbgate {

inline constexpr std::size_t kMaxCacheBuster = 256;  // bytes
inline constexpr std::uint32_t kMaxSigma = 100;      // pixels; what a blur takes grows with it
inline constexpr std::uint32_t kMaxSharpen = 10;     // the same
inline constexpr std::size_t kMaxLinkId = 64;        // bytes
inline constexpr std::size_t kSessionHashDigits = 32;

struct Options : Look {
    std::optional<Format> format;  // named in the link; none: negotiated
    std::string cache_buster;      // names a version of the source
    bool info = false;             // a description of the source is asked for, as JSON, and no picture

    // Of the link, not of the picture: no part of the canonical form.
    std::uint64_t expires = 0;   // unix seconds; 0: never
    std::string link_id;         // names the link, so that it can be revoked; such a link has an expiry
    std::string session;         // the hash of the only session that may use the link; empty: anybody may
    std::string filename;        // what the picture is saved as, without an extension; empty: its source's name
    bool as_attachment = false;  // to be saved, and not shown

    bool operator==(const Options&) const = default;
};

// One option as written, `name:argument:argument…`, already percent-decoded.
struct OptionText {
    std::string name;
    std::vector<std::string> arguments;
};

// Splits at ':'. nullopt when there is none: then it is no option, and the source begins.
std::optional<OptionText> split_option(std::string_view segment);

// What an option is about.
enum class OptionScope : std::uint8_t { picture, preset, link };

// nullopt for an option that is not known.
std::optional<OptionScope> scope_of(std::string_view option);

// Named lists of options. A preset may use presets defined before it, so there are no cycles. One that is named
// "default" is applied to every link before its own options.
class Presets {
  public:
    // `options`: segments joined by '/', as in a URL. Refuses an unknown option, a preset not yet defined, a name
    // that is taken, and options that belong to a link and not to a look (`exp`, `lid`, `sid`).
    Parsed<void> define(std::string_view name, std::string_view options);

    const std::vector<OptionText>* find(std::string_view name) const;
    bool empty() const { return presets_.empty(); }

  private:
    std::map<std::string, std::vector<OptionText>, std::less<>> presets_;
};

// Applies one option to `options`; a later option overrides an earlier one.
Parsed<void> apply_option(Options& options, const OptionText& text, const Presets& presets);

}  // namespace thumbgate
