// Progressive JPEGs: whatever the bytes are, what is kept of them is theirs, and is kept whole the second time.
#include "backend/converter/progressive_jpeg.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kOneTable = 2 + 2 + 1 + 2 * 64;  // bytes that may be added
    const auto rest = for_eighth(text_of(data, size));
    if (!rest) return 0;
    expect(rest->size() <= size + kOneTable);
    const auto again = for_eighth(*rest);
    expect(again && again->size() <= rest->size() + kOneTable);
    return 0;
}
