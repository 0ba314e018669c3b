// contract/vectors/*.json, which every implementation of the contract is tested on: this one is the C++ library. Each
// file says in its "why" how it is read.
#include <string>
#include <vector>

#include "contract/canonical.hpp"
#include "contract/keys.hpp"
#include "contract/ladder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/json.hpp"
#include "tests/support/programs.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::string_view kKeyFile = "test 736563726574 68656c6c6f\n";

json::value read_vectors(const std::string& name) {
    return parse_json(read_file(repository() / "contract" / "vectors" / name));
}

const json::array& vectors_of(const json::value& document) {
    return document.at("vectors").as_array();
}

std::string text_of(const json::value& value) {
    return std::string(value.as_string());
}

std::uint64_t number_or_zero(const json::value& vector, std::string_view name) {
    const json::value* value = vector.as_object().if_contains(name);
    return value == nullptr ? 0 : value->to_number<std::uint64_t>();
}

// The text with "{}" replaced as the vector's `repeat` says.
std::string expand(const json::value& vector, const json::value& text) {
    const json::value* repeat = vector.as_object().if_contains("repeat");
    if (repeat == nullptr) return text_of(text);
    std::string repeated;
    for (std::int64_t times = number_at(*repeat, "times"); times > 0; --times) repeated += text_at(*repeat, "text");
    return replace_all(text_of(text), "{}", repeated);
}

FormatSet formats_in(const json::value& vector) {
    const json::value* offered = vector.as_object().if_contains("offered");
    if (offered == nullptr) return FormatSet{}.with(Format::avif).with(Format::webp);
    FormatSet set;
    for (const json::value& format : offered->as_array()) set = set.with(*format_from_name(text_of(format)));
    return set;
}

Presets presets_in(const json::value& vector) {
    Presets presets;
    const json::value* pairs = vector.as_object().if_contains("presets");
    if (pairs == nullptr) return presets;
    for (const json::value& pair : pairs->as_array()) {
        REQUIRE(presets.define(text_of(pair.at(0)), text_of(pair.at(1))));
    }
    return presets;
}

KeyRing ring_of(const json::value& document, const json::value& vector) {
    std::string file;
    for (const json::value& name : vector.at("keys").as_array()) {
        file += text_at(document.at("key_lines"), text_of(name)) + "\n";
    }
    auto ring = KeyRing::parse(file);
    REQUIRE(ring);
    return *ring;
}

Ladder ladder_in(const json::value& vector) {
    Ladder ladder;
    const json::value* widths = vector.as_object().if_contains("sizes");
    if (widths == nullptr) return ladder;
    for (const json::value& width : widths->as_array()) {
        REQUIRE(ladder.add(std::to_string(width.to_number<std::uint64_t>())));
    }
    return ladder;
}

Sources sources_in(const json::value& vector) {
    Sources sources;
    const json::value* prefixes = vector.as_object().if_contains("sources");
    if (prefixes == nullptr) return sources;
    for (const json::value& prefix : prefixes->as_array()) REQUIRE(sources.add(text_of(prefix)));
    return sources;
}

// What the edge does with a target: signature, grammar, expiry, in this order.
Parsed<ThumbLink> judge(std::string_view target, const KeyRing& keys, const LinkRules& rules, std::uint64_t now) {
    const auto path = split_signature(target);
    if (!path) return std::unexpected(path.error());
    if (keys.verify(path->signature, path->path, now) == nullptr) {
        return refuse(RefusalKind::bad_signature, "the signature is wrong");
    }
    auto link = parse_link(path->path, rules);
    if (link && is_expired(link->options, now)) return refuse(RefusalKind::expired, "it has expired");
    return link;
}

std::string target_of(const json::value& vector, const KeyRing& keys, std::uint64_t now) {
    if (const json::value* target = vector.as_object().if_contains("target")) return expand(vector, *target);
    const std::string path = expand(vector, vector.at("path"));
    return keys.sign(path, now) + path;
}

}  // namespace

TEST_CASE("every signature of the vectors is verified, and made, as they say") {
    const json::value document = read_vectors("signatures.json");
    for (const json::value& vector : vectors_of(document)) {
        INFO(text_at(vector, "why"));
        const KeyRing ring = ring_of(document, vector);
        const std::string path = text_at(vector, "path");
        const std::string signature = text_at(vector, "signature");
        const std::uint64_t now = number_or_zero(vector, "now");
        const std::uint64_t given_size = number_or_zero(vector, "size");
        const std::size_t size = given_size == 0 ? kMaxSignatureSize : given_size;
        const Ladder ladder = ladder_in(vector);
        const Key* signer = verify_link(ring, {signature, path}, now, {.size = size, .ladder = &ladder});
        if (vector.at("signer").is_null()) {
            CHECK(signer == nullptr);
            CHECK(ring.sign(path, now, size) != signature);
        } else {
            REQUIRE(signer != nullptr);
            CHECK(signer->id() == text_at(vector, "signer"));
        }
        if (vector.as_object().contains("signs")) CHECK(ring.sign(path, now, size) == signature);
    }
}

TEST_CASE("every path of the canonical vectors has the canonical form that they give") {
    const json::value document = read_vectors("canonical.json");
    for (const json::value& vector : vectors_of(document)) {
        const Presets presets = presets_in(vector);
        const FormatSet accepted = accepted_formats(text_at(vector, "accept"), formats_in(vector));
        const std::string canonical = expand(vector, vector.at("canonical"));
        for (const json::value& written : vector.at("paths").as_array()) {
            const std::string path = expand(vector, written);
            INFO(text_at(vector, "why") << ": " << path);
            const auto link = parse_link(path, presets);
            if (!link) FAIL(link.error().detail);
            CHECK(canonical_form(reduce(*link, accepted)) == canonical);
            CHECK(link->options.expires == number_or_zero(vector, "expires"));
            const bool bound = !link->options.link_id.empty() || !link->options.session.empty();
            CHECK(bound == vector.as_object().contains("bound"));
        }
    }
}

TEST_CASE("every canonical form of the vectors reads back, and no other spelling of it does") {
    const json::value document = read_vectors("canonical.json");
    for (const json::value& vector : vectors_of(document)) {
        const std::string canonical = expand(vector, vector.at("canonical"));
        INFO(text_at(vector, "why") << ": " << canonical);
        const auto conversion = parse_canonical(canonical);
        if (!conversion) FAIL(conversion.error().detail);
        CHECK(canonical_form(*conversion) == canonical);
        for (const json::value& written : vector.at("paths").as_array()) {
            const std::string path = expand(vector, written).substr(1);
            if (path != canonical) CHECK_FALSE(parse_canonical(path));
        }
    }
}

TEST_CASE("every refusal of the vectors has its kind, its status, and names what is wrong") {
    const json::value document = read_vectors("refusals.json");
    const KeyRing keys = *KeyRing::parse(kKeyFile);
    for (const json::value& vector : vectors_of(document)) {
        const std::uint64_t now = number_or_zero(vector, "now");
        const std::string target = target_of(vector, keys, now);
        INFO(text_at(vector, "why") << ": " << target);
        const Presets presets = presets_in(vector);
        const Sources sources = sources_in(vector);
        const LinkRules rules{
            .presets = presets, .presets_only = vector.as_object().contains("presets_only"), .sources = &sources};
        const auto link = judge(target, keys, rules, now);
        if (vector.at("kind").is_null()) {
            if (!link) FAIL(link.error().detail);
            CHECK(number_at(vector, "status") == 200);
            continue;
        }
        REQUIRE_FALSE(link);
        CHECK(name(link.error().kind) == text_at(vector, "kind"));
        CHECK(http_status(link.error().kind) == number_at(vector, "status"));
        const bool by_library =
            link.error().kind != RefusalKind::bad_signature && link.error().kind != RefusalKind::expired;
        if (!by_library) continue;  // those two sentences are the caller's
        const json::array& parts = vector.at("detail").as_array();
        const bool names_option =
            link.error().kind == RefusalKind::unknown_option || link.error().kind == RefusalKind::bad_argument;
        if (names_option) CHECK_THAT(link.error().detail, contains("option \"" + text_of(parts.at(0)) + "\""));
        for (const json::value& part : parts) CHECK_THAT(link.error().detail, contains(text_of(part)));
    }
}

TEST_CASE("every Accept header of the vectors folds to its token, and so does what a CDN sends on") {
    const json::value document = read_vectors("accept.json");
    for (const json::value& vector : vectors_of(document)) {
        INFO(text_at(vector, "why") << ": " << text_at(vector, "accept"));
        const FormatSet offered = formats_in(vector);
        const FormatSet accepted = accepted_formats(text_at(vector, "accept"), offered);
        CHECK(accepted.token() == text_at(vector, "token"));
        CHECK(accepted_formats(text_at(vector, "normalised"), offered) == accepted);
    }
}
