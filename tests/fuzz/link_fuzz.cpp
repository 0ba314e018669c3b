// Links and canonical forms: whatever is read is written back in one way that means the same.
#include <string>

#include "contract/canonical.hpp"
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
    check_target(text);
    if (const auto conversion = parse_canonical(text)) expect(canonical_form(*conversion) == text);
    Presets made;
    if (made.define("x", text)) check_link("/pr:x/plain/photo://a", FormatSet{});
    return 0;
}
