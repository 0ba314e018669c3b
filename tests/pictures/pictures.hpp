// What a converter behind its sandbox makes of a link's options, and what ImageMagick makes of the same photograph.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/image.hpp"
#include "tests/support/process.hpp"
#include "tests/support/ssim.hpp"
#include "tests/unit/pipeline_fixture.hpp"

namespace thumbgate::test {

// One way to ask for a picture, and ImageMagick's words for the same. `likeness` is the least SSIM of a format that
// loses nothing: 0.98 where both do the same, less where an option has no more than a name in common with the words.
struct PictureCase {
    std::string options;  // of a link, without the format
    std::string words;    // separated by blanks
    double likeness = 0.98;
};

// A picture by ImageMagick, and its two judges: of structure (SSIM of luma), and of colour and place.
struct Expected {
    std::filesystem::path file;
    Luma luma;
    Pixels pixels;
};

inline Expected expect_of(const std::filesystem::path& source, const std::string& words,
                          const std::filesystem::path& target) {
    std::vector<std::string> argv{kImageMagick, source.string()};
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t end = std::min(words.find(' ', at), words.size());
        argv.push_back(words.substr(at, end - at));
        at = end + 1;
    }
    for (const char* word : {"+repage", "-strip", "-depth", "8"}) argv.emplace_back(word);
    argv.push_back(target.string());
    const RunResult result = run(argv);
    INFO(words << ": " << result.err);
    REQUIRE(result.ok());
    return {target, luma_of(target), Pixels::of(target)};
}

}  // namespace thumbgate::test
