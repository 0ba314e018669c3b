// Structural similarity (Wang et al. 2004) of two pictures of one size, on the luma that ImageMagick sees in them:
// a judge that shares no code with what it judges.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::test {

struct Luma {
    int width = 0;
    int height = 0;
    std::vector<float> values = {};  // 0 to 255, row by row
};

// The picture after ImageMagick's `operations`, on white where it is transparent. Not turned by its orientation.
Luma luma_of(const std::filesystem::path& file, const std::vector<std::string>& operations = {});
Luma luma_of_bytes(std::string_view picture);

// 1 for the same picture. Of photographs: above 0.95 hardly anybody sees a difference, below 0.8 anybody does.
// The mean over all pixels, each seen through a Gaussian window of 11 × 11 pixels. Both are of one size.
double ssim(const Luma& a, const Luma& b);

// ImageMagick's command, Debian's: others of the name may be earlier in PATH.
inline constexpr const char* kImageMagick = "/usr/bin/convert";

}  // namespace thumbgate::test
