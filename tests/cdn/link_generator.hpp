// Random links of the thumbnail grammar, each with what it means. The meaning is kept along while the link is written,
// so that it owes nothing to the parser under test. Values come from small domains, so that many links mean the same,
// and each has many spellings: synonyms, order, overridden options, defaults written out, presets, escapes, base64.
// The same seed gives the same links in every run of a build. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace thumbgate::test {

// The values that a link ends up with. Names are the grammar's own.
struct Meaning {
    std::string resizing_type = "fit";
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool enlarge = false;
    std::string gravity = "ce";
    std::uint32_t dpr = 1000;  // thousandths
    std::uint32_t quality = 0;
    std::string format = {};  // "jpeg", "png", "webp", "avif", "gif", "jxl"; empty: negotiated
    std::string cache_buster = {};
    std::string source = {};
    // Of the link, not of the picture.
    std::uint64_t expires = 0;
    std::string link_id = {};
    std::string session = {};
};

struct GeneratedLink {
    std::string path;  // what a signature covers
    Meaning meaning;
};

struct NamedPreset {
    std::string_view name;
    std::string_view options;
};

inline constexpr std::array<NamedPreset, 4> kGeneratedPresets{{
    {"thumb", "rs:fill:300:200/q:75"},
    {"big", "w:600/dpr:1"},
    {"card", "pr:thumb/g:no/f:webp"},
    {"grow", "el:1"},
}};

class LinkGenerator {
  public:
    // `now`: the moment around which links expire, in unix seconds.
    LinkGenerator(std::uint64_t seed, std::uint64_t now) : random_(seed), now_(now) {}

    GeneratedLink next() {
        GeneratedLink link;
        link.path = "/";
        for (std::size_t left = below(9); left > 0; --left) {
            const std::string option = write_option(link.meaning);
            link.path += chance(6) ? escape_more(option) : option;
            link.path += '/';
        }
        // A link that can be revoked has to end.
        if (!link.meaning.link_id.empty() && link.meaning.expires == 0) {
            link.meaning.expires = now_ + 86400;
            link.path += "exp:" + std::to_string(link.meaning.expires) + '/';
        }
        link.path += write_source(link.meaning);
        return link;
    }

    // From 0 to `limit` - 1.
    std::size_t below(std::size_t limit) { return random_() % limit; }
    bool chance(std::size_t one_in) { return below(one_in) == 0; }
    template <typename Choices>
    auto pick(const Choices& choices) {
        return choices[below(std::size(choices))];
    }
    std::string text_of(auto... choices) {
        return std::string(pick(std::array<std::string_view, sizeof...(choices)>{choices...}));
    }

  private:
    static constexpr std::array<std::uint32_t, 11> kDimensions{0, 0, 8, 100, 100, 150, 200, 300, 300, 600, 40000};
    static constexpr std::array<std::uint32_t, 4> kQualities{0, 75, 75, 80};

    static bool needs_no_escape(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~:").find(c) != std::string_view::npos;
    }

    std::string escaped(char c) {
        const std::string_view digits = chance(2) ? "0123456789ABCDEF" : "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        return {'%', digits[byte >> 4], digits[byte & 0xF]};
    }

    // Escapes what has to be, and one in `one_in` of the rest.
    std::string escape_some(std::string_view text, std::size_t one_in) {
        std::string result;
        for (const char c : text) {
            if (needs_no_escape(c) && !chance(one_in))
                result += c;
            else
                result += escaped(c);
        }
        return result;
    }

    // Escapes one in four of what is not an escape already.
    std::string escape_more(std::string_view text) {
        std::string result;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool is_escape = text[i] == '%';
            result += !is_escape && chance(4) ? escaped(text[i]) : std::string(text.substr(i, is_escape ? 3 : 1));
            if (is_escape) i += 2;
        }
        return result;
    }

    std::string escape_needed(std::string_view text, std::string_view also_safe = {}) {
        std::string result;
        for (const char c : text) {
            const bool safe = needs_no_escape(c) || also_safe.find(c) != std::string_view::npos;
            result += safe ? std::string(1, c) : escaped(c);
        }
        return result;
    }

    std::string number(std::uint64_t value) { return (chance(12) ? "0" : "") + std::to_string(value); }

    std::string write_flag(bool value) {
        return value ? text_of("1", "1", "t", "true", "TRUE", "True", "T") : text_of("0", "0", "f", "false", "F");
    }

    std::string write_dimension(std::uint32_t& value) {
        value = pick(kDimensions);
        return number(value);
    }

    std::string write_resizing_type(Meaning& meaning) {
        meaning.resizing_type = text_of("fit", "fit", "fill", "fill", "force");
        return meaning.resizing_type;
    }

    std::string write_enlarge(Meaning& meaning) {
        meaning.enlarge = chance(3);
        return write_flag(meaning.enlarge);
    }

    // Up to four arguments of size, each of which may be left empty.
    std::string write_size_arguments(Meaning& meaning) {
        std::string arguments;
        const std::size_t count = 1 + below(4);
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) arguments += ':';
            if (chance(6)) continue;
            if (i == 0) arguments += write_dimension(meaning.width);
            if (i == 1) arguments += write_dimension(meaning.height);
            if (i == 2) arguments += write_enlarge(meaning);
            if (i == 3) arguments += write_flag(false);
        }
        return arguments;
    }

    std::string write_resize(Meaning& meaning) {
        std::string text = text_of("rs:", "resize:");
        if (!chance(6)) text += write_resizing_type(meaning);
        if (!chance(8)) text += ":" + write_size_arguments(meaning);
        return text;
    }

    std::string write_gravity(Meaning& meaning) {
        meaning.gravity = text_of("ce", "ce", "no", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", "sm");
        return text_of("g:", "gravity:") + meaning.gravity + text_of("", "", "", ":0", ":0:0", "::");
    }

    std::string write_dpr(Meaning& meaning) {
        struct Spelling {
            std::uint32_t dpr;
            std::string_view text;
        };
        constexpr std::array<Spelling, 12> spellings{{{1000, "1"},
                                                      {1000, "1.0"},
                                                      {1000, "1.000"},
                                                      {2000, "2"},
                                                      {2000, "2.00"},
                                                      {2000, "02"},
                                                      {1500, "1.5"},
                                                      {1500, "1.500"},
                                                      {500, "0.5"},
                                                      {500, "0.50"},
                                                      {3000, "3"},
                                                      {250, "0.25"}}};
        const Spelling spelling = pick(spellings);
        meaning.dpr = spelling.dpr;
        return "dpr:" + std::string(spelling.text);
    }

    std::string format_name(Meaning& meaning) {
        meaning.format = text_of("jpeg", "png", "webp", "avif", "gif", "jxl");
        return meaning.format == "jpeg" ? text_of("jpeg", "jpg") : meaning.format;
    }

    std::string write_preset(Meaning& meaning) {
        const std::string preset = text_of("thumb", "big", "card", "grow");
        if (preset == "thumb" || preset == "card") {
            meaning.resizing_type = "fill";
            meaning.width = 300;
            meaning.height = 200;
            meaning.quality = 75;
        }
        if (preset == "card") meaning.gravity = "no", meaning.format = "webp";
        if (preset == "big") meaning.width = 600, meaning.dpr = 1000;
        if (preset == "grow") meaning.enlarge = true;
        return text_of("pr:", "preset:") + preset;
    }

    std::string write_expires(Meaning& meaning) {
        const std::array<std::uint64_t, 6> times{0, now_ - 1, now_, now_ + 1, now_ + 86400, now_ + 86400};
        meaning.expires = pick(times);
        return text_of("exp:", "expires:") + number(meaning.expires);
    }

    // Few, so that most links are plain ones.
    std::string write_owner(Meaning& meaning) {
        if (chance(2))
            return "lid:" + (meaning.link_id = text_of("a", "A-b_9", "0123456789abcdefghijklmnopqrstuvwxyz"));
        return "sid:" +
               (meaning.session = text_of("0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff"));
    }

    std::string write_cache_buster(Meaning& meaning) {
        meaning.cache_buster = text_of("", "v1", "v1", "v2", "a/b", "a b", "%41", "\xC3\xA9\xFF");
        return text_of("cb:", "cachebuster:") + escape_needed(meaning.cache_buster);
    }

    // One option as it stands in a path: without "/", and with the escapes it needs.
    std::string write_option(Meaning& meaning) {
        switch (below(16)) {
            case 0:
            case 1:
                return text_of("w:", "width:") + write_dimension(meaning.width);
            case 2:
            case 3:
                return text_of("h:", "height:") + write_dimension(meaning.height);
            case 4:
                return text_of("s:", "size:") + write_size_arguments(meaning);
            case 5:
            case 6:
                return write_resize(meaning);
            case 7:
                return text_of("rt:", "resizing_type:") + write_resizing_type(meaning);
            case 8:
                return text_of("el:", "enlarge:") + write_enlarge(meaning);
            case 9:
                return write_gravity(meaning);
            case 10:
                return text_of("q:", "quality:") + number(meaning.quality = pick(kQualities));
            case 11:
                return write_dpr(meaning);
            case 12:
                return chance(2) ? write_dpr(meaning) : text_of("f:", "format:", "ext:") + format_name(meaning);
            case 13:
                return chance(5) ? write_owner(meaning) : write_expires(meaning);
            case 14:
                return write_cache_buster(meaning);
            default:
                return write_preset(meaning);
        }
    }

    std::string write_source(Meaning& meaning) {
        meaning.source = text_of("photo://aaaa", "photo://aaaa", "photo://aaaa", "photo://aaab",
                                 "local:///my photo \xC3\xA9.jpg", "https://example.com/a.jpg?b=1@2#c%25+d");
        return chance(2) ? write_plain(meaning) : write_base64(meaning);
    }

    std::string write_plain(Meaning& meaning) {
        std::string text = chance(16) ? escape_some("plain", 2) + "/" : "plain/";
        text += chance(4) ? escape_some(meaning.source, 3) : escape_needed(meaning.source, "/");
        if (chance(8))
            text += "@" + format_name(meaning);
        else if (chance(16))
            text += "@";
        return text;
    }

    // RFC 4648 §5. Where the last digit has unused bits, they may be anything.
    std::string base64url(std::string_view bytes) {
        constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        std::string text;
        for (std::size_t i = 0; i < bytes.size(); i += 3) {
            const std::size_t present = std::min<std::size_t>(3, bytes.size() - i);
            std::uint32_t group = 0;
            for (std::size_t j = 0; j < 3; ++j) {
                group = group << 8 | (j < present ? static_cast<unsigned char>(bytes[i + j]) : 0U);
            }
            if (present < 3 && chance(8))
                group |= static_cast<std::uint32_t>(below(present == 1 ? 16 : 4)) << (present == 1 ? 12 : 6);
            for (std::size_t j = 0; j <= present; ++j) text += digits[group >> (18 - 6 * j) & 63];
        }
        return text;
    }

    std::string write_base64(Meaning& meaning) {
        const std::string encoded = base64url(meaning.source);
        const std::size_t padding = chance(6) ? (4 - encoded.size() % 4) % 4 : 0;
        std::string text;
        for (const char c : encoded + std::string(padding, '=')) {
            if (chance(24) && !text.empty()) text += '/';
            if (chance(64))
                text += escaped(c);
            else
                text += c;
        }
        if (chance(8))
            text += "." + format_name(meaning);
        else if (chance(16))
            text += ".";
        return text;
    }

    std::mt19937_64 random_;
    std::uint64_t now_;
};

}  // namespace thumbgate::test
