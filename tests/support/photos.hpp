// Real photographs, from Debian's packages mate-backgrounds and plasma-workspace-wallpapers, and variants of them made
// with real tools (exiftool, vips). A machine without them fails the test and says what to install.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace thumbgate::test {

// width and height are those of the stored pixels, before any orientation.
struct Photo {
    std::filesystem::path path;
    int width;
    int height;
};

namespace photos {

// JPEG, each with what it is good for.
Photo dune();    // 1680 × 1050, baseline, 4:2:2, from a camera: full EXIF, maker notes, embedded thumbnail
Photo storm();   // 1920 × 1280, baseline, 4:2:2: clearly different corners
Photo flower();  // 1600 × 1203, progressive, 4:2:0: 80 KB
Photo meadow();  // 1280 × 1024, progressive, 4:2:0: not wider than the widest thumbnail
Photo autumn();  // 2560 × 1600, progressive, 4:4:4
Photo cups();    // 2560 × 1600, progressive, 4:2:2, from a camera: with the place it was taken, in EXIF and XMP
Photo large();   // the largest JPEG of the packages, in pixels
std::vector<Photo> all();  // those above and some more, each once

// Copies in `dir`, changed.
Photo with_gps(const Photo& photo, const std::filesystem::path& dir);  // and XMP with a place name
Photo with_orientation(const Photo& photo, int orientation, const std::filesystem::path& dir);  // EXIF 1 to 8
Photo truncated(const Photo& photo, double keep, const std::filesystem::path& dir);  // the first part of the bytes
Photo converted(const Photo& photo, const std::string& ending, const std::filesystem::path& dir);  // png, webp, avif, …
Photo with_alpha(const Photo& photo, const std::filesystem::path& dir);  // PNG, half transparent
// A real PNG of 30,000 × 30,000 pixels in about 110 KB: a decompression bomb.
Photo bomb(const std::filesystem::path& dir);

}  // namespace photos

}  // namespace thumbgate::test
