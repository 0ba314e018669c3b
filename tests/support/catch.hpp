// Catch2 2.13 (Debian 12) and 3.x (Debian 13) behind one include.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>
#include <string_view>

namespace thumbgate::test {

#if __has_include(<catch2/catch_all.hpp>)
using Catch::Approx;  // global in Catch2 2.x
#endif

// Matcher with one name in both versions: REQUIRE_THAT(text, contains("…")).
inline auto contains(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
    return Catch::Matchers::ContainsSubstring(part);
#else
    return Catch::Matchers::Contains(part);
#endif
}

inline auto starts_with(const std::string& part) {
    return Catch::Matchers::StartsWith(part);
}
inline auto ends_with(const std::string& part) {
    return Catch::Matchers::EndsWith(part);
}

}  // namespace thumbgate::test
