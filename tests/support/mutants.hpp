// Damaged pictures: small real ones of every format that is read, and what becomes of them under bytes that are
// flipped, cut off, put elsewhere, or lie about lengths. A seed and a number name a mutant, on every machine that has
// the same sources.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace thumbgate::test {

struct SourcePicture {
    std::string name;  // "jpeg-progressive"
    std::string bytes;
};

// Made by the vips command line, 200 pixels wide or less. Fails the test when one cannot be made.
std::vector<SourcePicture> small_pictures();

struct Mutant {
    std::string source;  // its name
    std::string bytes;
};

// Thread-safe.
Mutant make_mutant(const std::vector<SourcePicture>& sources, std::uint64_t seed, std::uint64_t number);

}  // namespace thumbgate::test
