// Two links share a key if and only if they describe the same conversion, on generated links, against a reference that
// knows nothing of canonical.cpp: what a link does to sources of many sizes, computed from what it means.
//
// Sides are at least 8 pixels here. Of a single pixel some conversions coincide that keep keys of their own: nothing
// can be enlarged to it, and fit and force to 1 × 1 are one.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "backend/converter/geometry.hpp"
#include "contract/canonical.hpp"
#include "contract/encoding.hpp"
#include "tests/cdn/link_generator.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using thumbgate::test::GeneratedLink;
using thumbgate::test::LinkGenerator;
using thumbgate::test::Meaning;

namespace {

constexpr std::uint64_t kNow = 1'700'000'000;
constexpr std::int64_t kLargestSide = 65535;

// ---- The reference: exact fractions, straight from the description of each resizing type. ----

struct Fraction {
    std::int64_t above;
    std::int64_t below;
    Fraction operator*(Fraction other) const { return {above * other.above, below * other.below}; }
    Fraction inverse() const { return {below, above}; }
    bool operator<(Fraction other) const {
        return static_cast<__int128>(above) * other.below < static_cast<__int128>(other.above) * below;
    }
};

constexpr Fraction kOne{1, 1};

// To the nearest pixel, halves up, at least one.
std::int64_t times(std::int64_t pixels, Fraction factor) {
    const auto twice = static_cast<__int128>(pixels) * factor.above * 2 + factor.below;
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(twice / (static_cast<__int128>(factor.below) * 2)));
}

struct Sides {
    std::int64_t width;
    std::int64_t height;
};

// What becomes of one source: the size that the whole of it is scaled to, and the size of what is kept.
struct Effect {
    Sides scaled;
    Sides kept;
};

Effect scaled_by(Sides source, Fraction horizontal, Fraction vertical) {
    const Sides scaled{times(source.width, horizontal), times(source.height, vertical)};
    return {scaled, scaled};
}

Effect cropped(Effect effect, Sides to) {
    effect.kept = {std::min(effect.scaled.width, to.width), std::min(effect.scaled.height, to.height)};
    return effect;
}

Effect effect_on(const Meaning& link, Sides source) {
    const Fraction dpr{link.dpr, 1000};
    const auto multiplied = [&](std::int64_t side) { return side == 0 ? 0 : std::min(times(side, dpr), kLargestSide); };
    const Sides box{multiplied(link.width), multiplied(link.height)};
    const Fraction by_width{box.width, source.width};
    const Fraction by_height{box.height, source.height};
    const auto allowed = [&](Fraction factor) { return link.enlarge ? factor : std::min(factor, kOne); };

    if (box.width == 0 && box.height == 0) return scaled_by(source, allowed(dpr), allowed(dpr));
    if (box.height == 0) return scaled_by(source, allowed(by_width), allowed(by_width));
    if (box.width == 0) return scaled_by(source, allowed(by_height), allowed(by_height));
    if (link.resizing_type == "fit") {
        const Fraction factor = allowed(std::min(by_width, by_height));
        return scaled_by(source, factor, factor);
    }
    const Fraction larger = std::max(by_width, by_height);
    if (link.resizing_type == "force") {
        const Fraction excess = !link.enlarge && kOne < larger ? larger.inverse() : kOne;
        return scaled_by(source, by_width * excess, by_height * excess);
    }
    if (link.enlarge) return cropped(scaled_by(source, larger, larger), box);
    // Fill without enlarging: dpr 1 decides what is shown; its density is dpr, or what the source has.
    const Fraction cover = std::max(Fraction{link.width, source.width}, Fraction{link.height, source.height});
    const Fraction factor = std::min(cover * dpr, kOne);
    const Fraction density = kOne < cover ? factor : factor * cover.inverse();
    return cropped(scaled_by(source, factor, factor), {times(link.width, density), times(link.height, density)});
}

constexpr std::array<Sides, 34> kSources{{
    {1, 1},         {2, 3},         {7, 5},       {8, 8},           {16, 9},       {50, 50},      {99, 101},
    {100, 100},     {100, 150},     {150, 100},   {200, 300},       {300, 200},    {299, 201},    {301, 199},
    {450, 300},     {600, 400},     {400, 600},   {640, 480},       {601, 599},    {999, 1001},   {1200, 800},
    {1920, 1080},   {1080, 1920},   {4096, 4096}, {6000, 4000},     {4000, 6000},  {20000, 40},   {40, 20000},
    {60000, 40001}, {40001, 60000}, {1, 100000},  {200000, 199999}, {10000000, 9}, {9, 10000000},
}};

// Everything that a conversion does, as text: equal texts are the same conversion.
std::string effect_of(const Meaning& link, std::string_view accepted) {
    std::string text;
    bool crops = false;
    for (const Sides source : kSources) {
        const Effect effect = effect_on(link, source);
        for (const auto side : {effect.scaled.width, effect.scaled.height, effect.kept.width, effect.kept.height}) {
            text += std::to_string(side) + ' ';
        }
        crops = crops || effect.scaled.width != effect.kept.width || effect.scaled.height != effect.kept.height;
    }
    if (crops) text += link.gravity;
    if (link.format != "png" && link.format != "gif") text += " q" + std::to_string(link.quality);
    text += ' ' + (link.format.empty() ? "one of " + std::string(accepted) : link.format);
    text += ' ' + link.cache_buster + '\0' + link.source;
    return text;
}

// ---- The comparison ----

struct Client {
    std::string_view accept;
    std::string_view token;
};

constexpr std::array<Client, 6> kClients{{
    {"", "base"},
    {"image/jpeg,*/*", "base"},
    {"image/webp,*/*;q=0.8", "webp"},
    {"image/avif;q=0, image/webp", "webp"},
    {"image/avif", "avif"},
    {"image/webp;q=0.9,image/avif", "avif+webp"},
}};

Presets generated_presets() {
    Presets presets;
    for (const auto& [name, options] : test::kGeneratedPresets) REQUIRE(presets.define(name, options));
    return presets;
}

Presets presets_with(std::string_view name, std::string_view options) {
    Presets presets;
    REQUIRE(presets.define(name, options));
    return presets;
}

// Whether two ways to group the same things are the same grouping.
class Partition {
  public:
    void add(const std::string& key, const std::string& effect, const std::string& example) {
        const auto [by_key, new_key] = by_key_.try_emplace(key, effect, example);
        const auto [by_effect, new_effect] = by_effect_.try_emplace(effect, key, example);
        if (by_key->second.first != effect) {
            FAIL_CHECK("one key, two conversions: " << key << "\n  " << example << "\n  " << by_key->second.second);
        }
        if (by_effect->second.first != key) {
            FAIL_CHECK("one conversion, two keys: " << key << " and " << by_effect->second.first << "\n  " << example
                                                    << "\n  " << by_effect->second.second);
        }
    }
    std::size_t size() const { return by_key_.size(); }

  private:
    std::map<std::string, std::pair<std::string, std::string>> by_key_;
    std::map<std::string, std::pair<std::string, std::string>> by_effect_;
};

constexpr FormatSet kOffered = FormatSet{}.with(Format::avif).with(Format::webp);

}  // namespace

TEST_CASE("two links share a key if and only if they describe the same conversion, on 100,000 links") {
    const Presets presets = generated_presets();
    LinkGenerator generator(20240229, kNow);
    Partition partition;
    std::set<std::string> spellings;
    int bound = 0;  // with a name, or for a session
    for (int i = 0; i < 100'000; ++i) {
        const GeneratedLink generated = generator.next();
        const Client client = generator.pick(kClients);
        const auto link = parse_link(generated.path, presets);
        if (!link) FAIL(generated.path << ": " << link.error().detail);
        if (link->options.expires != generated.meaning.expires) FAIL_CHECK("the expiry of " << generated.path);
        if (link->options.link_id != generated.meaning.link_id) FAIL_CHECK("the name of " << generated.path);
        if (link->options.session != generated.meaning.session) FAIL_CHECK("the session of " << generated.path);
        bound += link->options.link_id.empty() && link->options.session.empty() ? 0 : 1;
        const Conversion conversion = reduce(*link, accepted_formats(client.accept, kOffered));
        partition.add(canonical_form(conversion), effect_of(generated.meaning, client.token), generated.path);
        spellings.insert(generated.path);
    }
    INFO(spellings.size() << " spellings, " << partition.size() << " conversions");
    CHECK(spellings.size() > 80'000);
    CHECK(bound > 3'000);  // none of which shows in a key
    CHECK(partition.size() > 10'000);
    CHECK(partition.size() < 50'000);  // else hardly any two would have met
}

TEST_CASE("links to descriptions share a key if and only if they name one version of one source, on 10,000 links") {
    Presets presets = generated_presets();
    REQUIRE(presets.define("default", "w:300/f:webp/fn:a"));
    REQUIRE(presets.define("about", "info:1"));
    LinkGenerator generator(20250228, kNow);
    Partition partition;
    for (int i = 0; i < 10'000; ++i) {
        const std::string source = generator.text_of("photo://a", "photo://b");
        const std::string version = generator.text_of("", "v1", "v2");
        std::string path = "/" + generator.text_of("", "exp:2000000000/", "lid:x/exp:2000000000/");
        if (!version.empty()) path += generator.text_of("cb:", "cachebuster:") + version + "/";
        path += generator.text_of("info:1/", "info:T/", "info:0/info:true/", "pr:about/", "%69nfo:1/");
        path += generator.text_of("", "sid:0123456789abcdef0123456789abcdef/");
        path += generator.chance(2) ? "plain/" + source : base64url_encode(source);
        const auto link = parse_link(path, generator.chance(2) ? presets : presets_with("about", "info:1"));
        if (!link) FAIL(path << ": " << link.error().detail);
        const Conversion conversion = reduce(*link, accepted_formats(generator.pick(kClients).accept, kOffered));
        const std::string key = canonical_form(conversion);
        partition.add(key, version + " of " + source, path);
        const auto read = parse_canonical(key);
        if (!read || *read != conversion) FAIL_CHECK(path << " became " << key);
        // A CDN asks for the same thing, of an edge without presets.
        if (canonical_path(*link) != "/" + key) FAIL_CHECK(path << " became " << canonical_path(*link));
    }
    CHECK(partition.size() == 6);
}

TEST_CASE("a canonical form reads back as the conversion it names, on 100,000 links") {
    const Presets presets = generated_presets();
    LinkGenerator generator(19700101, kNow);
    for (int i = 0; i < 100'000; ++i) {
        const std::string path = generator.next().path;
        const Client client = generator.pick(kClients);
        const auto link = parse_link(path, presets);
        REQUIRE(link);
        const Conversion conversion = reduce(*link, accepted_formats(client.accept, kOffered));
        const auto read = parse_canonical(canonical_form(conversion));
        if (!read || *read != conversion) FAIL_CHECK(path << " became " << canonical_form(conversion));
        // What a CDN signs again means the same, to an edge without presets, and is its own canonical path.
        const auto again = parse_link(canonical_path(*link), Presets{});
        if (!again || reduce(*again, accepted_formats(client.accept, kOffered)) != conversion) {
            FAIL_CHECK(path << " became " << canonical_path(*link));
        }
        if (again && canonical_path(*again) != canonical_path(*link)) FAIL_CHECK(canonical_path(*link));
    }
}

TEST_CASE("sizes share a key if and only if they do the same to every source, for all of a small domain") {
    Partition partition;
    for (const std::string type : {"fit", "fill", "force"}) {
        for (const std::uint32_t width : {0, 8, 9, 15, 16, 100, 150, 151, 200, 300, 65535}) {
            for (const std::uint32_t height : {0, 8, 9, 15, 16, 100, 150, 151, 200, 300, 65535}) {
                for (const bool enlarge : {false, true}) {
                    for (const std::uint32_t dpr : {250, 500, 667, 1000, 1500, 2000, 3000}) {
                        Meaning meaning;
                        meaning.resizing_type = type;
                        meaning.width = width, meaning.height = height, meaning.enlarge = enlarge, meaning.dpr = dpr;
                        const std::string path = "/rs:" + type + ":" + std::to_string(width) + ":" +
                                                 std::to_string(height) + ":" + (enlarge ? "1" : "0") +
                                                 "/dpr:" + format_dpr(dpr) + "/plain/photo://a";
                        const auto link = parse_link(path, Presets{});
                        REQUIRE(link);
                        partition.add(canonical_path(*link), effect_of(meaning, "base"), path);
                    }
                }
            }
        }
    }
    CHECK(partition.size() > 1'000);
}

TEST_CASE("the converter scales and crops every source as the reference does, by a link and by its canonical form") {
    const Presets presets = generated_presets();
    LinkGenerator generator(20000229, kNow);
    for (int i = 0; i < 10'000; ++i) {
        const GeneratedLink generated = generator.next();
        const auto link = parse_link(generated.path, presets);
        REQUIRE(link);
        const Options reduced = reduce(*link, FormatSet{}).options;
        for (const Sides source : kSources) {
            const Size size{static_cast<std::uint64_t>(source.width), static_cast<std::uint64_t>(source.height)};
            const Effect effect = effect_on(generated.meaning, source);
            const Plan plan = make_plan(link->options, size);
            const auto is = [](Size pixels, Sides sides) {
                return pixels.width == static_cast<std::uint64_t>(sides.width) &&
                       pixels.height == static_cast<std::uint64_t>(sides.height);
            };
            const bool same = is(plan.scaled, effect.scaled) && is(plan.result, effect.kept);
            if (!same || make_plan(reduced, size) != plan) {
                FAIL_CHECK(generated.path << " of " << source.width << " × " << source.height);
            }
        }
    }
}
