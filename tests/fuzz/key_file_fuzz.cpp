// Key files: an error names a line and nothing else of the file, a ring that is read signs what it verifies.
#include <string>

#include "contract/keys.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    const auto ring = KeyRing::parse(text);
    if (!ring) {
        expect(ring.error().starts_with("line ") || ring.error().starts_with("it holds no key"));
        return 0;
    }
    for (const std::uint64_t now : {std::uint64_t{0}, std::uint64_t{1'700'000'000}, UINT64_MAX}) {
        const std::string signature = ring->sign("/plain/photo://a", now);
        if (signature.empty()) continue;
        expect(ring->verify(signature, "/plain/photo://a", now) != nullptr);
        expect(ring->verify(signature, "/plain/photo://b", now) == nullptr);
    }
    expect(ring->verify(text, "/plain/photo://a", 0) == nullptr);
    return 0;
}
