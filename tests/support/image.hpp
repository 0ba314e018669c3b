// What a picture is, read by other programs than the ones under test: metadata by exiftool, pixels by the vips command
// line, without applying any orientation.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::test {

struct ImageFacts {
    std::string format;  // "jpeg", "png", "webp", "avif", …; "" if it is no picture
    int width = 0;       // of the stored pixels
    int height = 0;
    int orientation = 1;
    bool has_exif = false;
    bool has_gps = false;  // in EXIF or XMP
    bool has_xmp = false;  // or IPTC
    bool has_icc = false;
    bool has_alpha = false;
    bool has_metadata() const { return has_exif || has_gps || has_xmp; }
};
std::ostream& operator<<(std::ostream& out, const ImageFacts& facts);

ImageFacts inspect(const std::filesystem::path& file);
ImageFacts inspect_bytes(std::string_view picture);  // the body of a response

using Rgb = std::array<double, 3>;  // 0 to 255, sRGB

// Decoded pixels, sRGB, on white where they are transparent. Fails the test if the picture does not decode to its end.
class Pixels {
  public:
    static Pixels of(const std::filesystem::path& file);
    static Pixels of_bytes(std::string_view picture);

    int width() const { return width_; }
    int height() const { return height_; }
    // Mean colour of a rectangle given in fractions: (0, 0, 1, 1) is the whole picture, (0, 0, .5, .5) its top left.
    Rgb mean(double left, double top, double right, double bottom) const;
    // As a viewer shows a picture stored with this EXIF orientation.
    Pixels oriented(int orientation) const;
    // The rectangle in fractions, as a picture of its own.
    Pixels cropped(double left, double top, double right, double bottom) const;

  private:
    size_t offset(int x, int y) const {
        return 3 * (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x));
    }
    // A picture whose pixel (x, y) is this one's pixel source(x, y).
    template <typename Source>
    Pixels mapped(int width, int height, Source&& source) const;

    int width_ = 0;
    int height_ = 0;
    std::vector<uint8_t> rgb_;
};

// How much two pictures of any size differ: both are cut into 16 × 16 cells, and the mean colours of the cells are
// compared: 0 for the same picture, 255 for black against white. A photo and its thumbnail: below 3. Turned, mirrored
// or cropped elsewhere: above 10.
double difference(const Pixels& a, const Pixels& b);

}  // namespace thumbgate::test
