// A factor of pixels as a fraction, so that no rounding but the last one decides a size. Exact while its parts fit 50
// bits, which those of a size, a zoom and a dpr do; beyond that a product loses its last bits, the same on every
// machine. Pure; thread-safe.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

namespace thumbgate {

struct Ratio {
    __extension__ using Wide = unsigned __int128;

    std::uint64_t numerator = 1;
    std::uint64_t denominator = 1;

    friend bool operator<(Ratio a, Ratio b) {
        return Wide{a.numerator} * b.denominator < Wide{b.numerator} * a.denominator;
    }

    friend bool operator==(Ratio a, Ratio b) { return !(a < b) && !(b < a); }

    friend Ratio operator*(Ratio a, Ratio b) {
        cancel(a.numerator, b.denominator);
        cancel(b.numerator, a.denominator);
        Wide above = Wide{a.numerator} * b.numerator;
        Wide below = Wide{a.denominator} * b.denominator;
        constexpr int kBits = 50;
        const auto high = static_cast<std::uint64_t>((above | below) >> kBits);
        const int excess = high == 0 ? 0 : std::bit_width(high);
        above >>= excess;
        below >>= excess;
        return {static_cast<std::uint64_t>(above), std::max<std::uint64_t>(static_cast<std::uint64_t>(below), 1)};
    }

    Ratio inverse() const { return {denominator, numerator}; }

    static void cancel(std::uint64_t& numerator, std::uint64_t& denominator) {
        const std::uint64_t common = std::gcd(numerator, denominator);
        numerator /= common;
        denominator /= common;
    }

    // To the nearest, halves up.
    std::uint64_t times(std::uint64_t pixels) const {
        return static_cast<std::uint64_t>((2 * Wide{pixels} * numerator + denominator) / (2 * Wide{denominator}));
    }
};

}  // namespace thumbgate
