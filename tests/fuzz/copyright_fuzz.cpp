// Blocks of EXIF: whatever the bytes are, what is kept of them is a block that is kept whole the second time.
#include "backend/converter/copyright.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kMost = 6 + 8 + 2 + 2 * (12 + 2050) + 4;  // bytes
    const std::string kept = copyright_alone(text_of(data, size));
    expect(kept.size() <= kMost);
    expect(copyright_alone(kept) == kept);
    return 0;
}
