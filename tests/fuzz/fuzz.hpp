// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace thumbgate {

// A broken promise is a crash, which is what the fuzzer looks for.
inline void expect(bool kept) {
    if (!kept) std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace thumbgate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
