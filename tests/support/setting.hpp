// Numbers from the environment, by which a test that is short in the suite is run at its full size.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace thumbgate::test {

inline std::size_t setting(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace thumbgate::test
