// Links and canonical forms: whatever is read is written back in one way that means the same.
#include <string>

#include "contract/canonical.hpp"
#include "contract/ladder.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

namespace {

const Presets& presets() {
    static const Presets kPresets = [] {
        Presets made;
        expect(made.define("default", "q:70").has_value());
        expect(made.define("thumb", "rs:fill:300:200/g:no").has_value());
        expect(made.define("card", "pr:thumb/f:webp").has_value());
        return made;
    }();
    return kPresets;
}

void check_link(std::string_view path, FormatSet accepted) {
    const auto link = parse_link(path, presets());
    if (!link) {
        expect(!link.error().detail.empty());
        return;
    }
    expect(!link->source.empty());
    const Conversion conversion = reduce(*link, accepted);
    const auto read = parse_canonical(canonical_form(conversion));
    expect(read && *read == conversion);
    const std::string resigned = canonical_path(*link);
    const auto again = parse_link(resigned, Presets{});
    expect(again && reduce(*again, accepted) == conversion && canonical_path(*again) == resigned);
    is_expired(link->options, 1);
    photo_id(link->source);
}

// A location that allows less refuses more, and reads what it does not refuse in no other way.
void check_rules(std::string_view path) {
    static const Sources kSources = [] {
        Sources made;
        expect(made.add("photo://").has_value() && made.add("local:///a/").has_value());
        return made;
    }();
    const auto link = parse_link(path, presets());
    const auto restricted = parse_link(path, LinkRules{.presets = presets(), .sources = &kSources});
    expect(!restricted || (link && link->options == restricted->options && link->source == restricted->source));
    expect(!restricted || restricted->source.starts_with("photo://") || restricted->source.starts_with("local:///a/"));
    expect(!restricted || restricted->source.find("/../") == std::string::npos);
    const auto only = parse_link(path, LinkRules{.presets = presets(), .presets_only = true});
    if (!only) expect(!only.error().detail.empty());
}

// What a ladder's signature is over differs from the link in its width alone, and leads back to it.
void check_ladder(std::string_view path) {
    static const Ladder kLadder = [] {
        Ladder made;
        expect(made.add("320").has_value() && made.add("8").has_value());
        return made;
    }();
    const auto any = with_any_width(path, kLadder);
    if (!any) return;
    expect(!with_any_width(*any, kLadder));
    expect(with_width(*any, "320") == path || with_width(*any, "8") == path);
    const auto link = parse_link(path, presets());
    const auto other = parse_link(*with_width(*any, "8"), presets());
    expect(link.has_value() == other.has_value());
    if (!link) return;
    Options options = other->options;
    options.width = link->options.width;
    expect(options == link->options && other->source == link->source);
}

void check_target(std::string_view target) {
    redact("/t/", target);
    const auto path = split_signature(target);
    if (!path) return;
    expect(!path->signature.empty() && path->path.starts_with('/') && path->path.find('?') == std::string_view::npos);
    check_link(path->path, FormatSet{}.with(Format::webp));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_link(text, FormatSet{}.with(Format::avif));
    check_rules(text);
    check_ladder(text);
    check_target(text);
    if (const auto conversion = parse_canonical(text)) expect(canonical_form(*conversion) == text);
    Presets made;
    if (made.define("x", text)) check_link("/pr:x/plain/photo://a", FormatSet{});
    Sources sources;
    if (sources.add(text)) expect(sources.allow(text) && text.ends_with('/'));
    return 0;
}
