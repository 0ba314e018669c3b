#include "tests/support/image.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <ostream>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/json.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

constexpr int kCells = 16;

// Tags are named "GROUP:Name". EXIF, XMP and maker notes hold sizes too: those of the picture it once was.
void take_tag(ImageFacts& facts, const std::string& tag, const json::value& value) {
    const std::string group = tag.substr(0, tag.find(':'));
    const std::string name = tag.substr(tag.find(':') + 1);
    const std::string_view text = value.is_string() ? std::string_view(value.get_string()) : std::string_view();
    if (tag == "File:MIMEType" && text.starts_with("image/")) facts.format = text.substr(6);
    const bool of_file = group == "File" || group == "PNG" || group == "RIFF" || group == "GIF";
    if (of_file && name == "ImageWidth") facts.width = value.to_number<int>();
    if (of_file && name == "ImageHeight") facts.height = value.to_number<int>();
    if (tag == "EXIF:Orientation") facts.orientation = value.to_number<int>();
    if (group == "EXIF" || group == "MakerNotes") facts.has_exif = true;
    if (group == "XMP" || group == "IPTC") facts.has_xmp = true;
    if (group == "ICC_Profile") facts.has_icc = true;
    if (name.starts_with("GPS")) facts.has_gps = true;
}

RunResult vips(const std::vector<std::string>& words) {
    std::vector<std::string> argv{"vips"};
    argv.insert(argv.end(), words.begin(), words.end());
    RunResult result = run(argv, {.env = {{"VIPS_WARNING", "0"}}});
    if (!result.ok()) FAIL("vips " << words.front() << " failed: " << result.err);
    return result;
}

// By the command line tool; a picture of the tests is grey or RGB, with or without alpha.
bool alpha_in(const fs::path& file) {
    const RunResult result = run({"vipsheader", "-f", "bands", file.string()});
    const int bands = result.ok() ? std::stoi(result.out) : 0;
    return bands == 2 || bands == 4;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const ImageFacts& facts) {
    out << (facts.format.empty() ? "no picture" : facts.format) << ' ' << facts.width << 'x' << facts.height;
    if (facts.orientation != 1) out << " orientation " << facts.orientation;
    const std::pair<bool, const char*> marks[] = {{facts.has_exif, "EXIF"},
                                                  {facts.has_gps, "GPS"},
                                                  {facts.has_xmp, "XMP"},
                                                  {facts.has_icc, "ICC"},
                                                  {facts.has_alpha, "alpha"}};
    for (const auto& [set, name] : marks) {
        if (set) out << ' ' << name;
    }
    return out;
}

ImageFacts inspect(const fs::path& file) {
    // -G0: families of tags; -n: numbers, not words; composite tags are exiftool's own sums.
    const RunResult result = run({"exiftool", "-json", "-G0", "-n", "--Composite:all", file.string()});
    ImageFacts facts;
    const json::value parsed = parse_json(result.out.empty() ? "[{}]" : result.out);
    for (const auto& [tag, value] : parsed.at(0).as_object()) take_tag(facts, tag, value);
    if (facts.width == 0) return {};
    facts.has_alpha = alpha_in(file);
    return facts;
}

ImageFacts inspect_bytes(std::string_view picture) {
    const TempDir dir;
    write_file(dir / "picture", picture);
    return inspect(dir / "picture");
}

Pixels Pixels::of(const fs::path& file) {
    const TempDir dir;
    const std::string ppm = dir / "pixels.ppm";
    // Saving as PPM lays transparent pixels on the background.
    vips({"colourspace", file.string() + "[fail-on=truncated]", ppm + "[background=255]", "srgb"});
    const std::string data = read_file(ppm);
    Pixels pixels;
    const size_t size_line = data.find('\n', data.find('#')) + 1;  // behind "P6" and the comment with the date
    if (!data.starts_with("P6") ||
        sscanf(data.c_str() + size_line, "%d %d 255", &pixels.width_, &pixels.height_) != 2) {
        FAIL("vips wrote no colour PPM for " << file.string() << ": " << data.substr(0, 40));
    }
    const size_t size = 3 * static_cast<size_t>(pixels.width_) * static_cast<size_t>(pixels.height_);
    if (data.size() < size) FAIL("vips wrote a PPM that is cut off for " << file.string());
    pixels.rgb_.assign(data.end() - static_cast<std::ptrdiff_t>(size), data.end());
    return pixels;
}

Pixels Pixels::of_bytes(std::string_view picture) {
    const TempDir dir;
    write_file(dir / "picture", picture);
    return of(dir / "picture");
}

Rgb Pixels::mean(double left, double top, double right, double bottom) const {
    const auto column = [this](double at) { return static_cast<int>(std::lround(at * width_)); };
    const auto row = [this](double at) { return static_cast<int>(std::lround(at * height_)); };
    const int last_x = std::max(column(right), column(left) + 1);
    const int last_y = std::max(row(bottom), row(top) + 1);
    Rgb sum{};
    for (int y = row(top); y < std::min(last_y, height_); ++y) {
        for (int x = column(left); x < std::min(last_x, width_); ++x) {
            for (size_t c = 0; c < 3; ++c) sum[c] += rgb_[offset(x, y) + c];
        }
    }
    const double count = static_cast<double>(last_x - column(left)) * (last_y - row(top));
    for (double& channel : sum) channel /= count;
    return sum;
}

template <typename Source>
Pixels Pixels::mapped(int width, int height, Source&& source) const {
    Pixels result;
    result.width_ = width;
    result.height_ = height;
    result.rgb_.resize(3 * static_cast<size_t>(width) * static_cast<size_t>(height));
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const auto [from_x, from_y] = source(x, y);
            std::copy_n(&rgb_[offset(from_x, from_y)], 3, &result.rgb_[result.offset(x, y)]);
        }
    }
    return result;
}

Pixels Pixels::oriented(int orientation) const {
    const int right = width_ - 1;
    const int bottom = height_ - 1;
    const auto from = [=](int x, int y) -> std::pair<int, int> {
        switch (orientation) {
            case 2:
                return {right - x, y};
            case 3:
                return {right - x, bottom - y};
            case 4:
                return {x, bottom - y};
            case 5:
                return {y, x};
            case 6:
                return {y, bottom - x};
            case 7:
                return {right - y, bottom - x};
            case 8:
                return {right - y, x};
            default:
                return {x, y};
        }
    };
    return orientation < 5 ? mapped(width_, height_, from) : mapped(height_, width_, from);
}

Pixels Pixels::cropped(double left, double top, double right, double bottom) const {
    const int x0 = static_cast<int>(std::lround(left * width_));
    const int y0 = static_cast<int>(std::lround(top * height_));
    const int width = static_cast<int>(std::lround(right * width_)) - x0;
    const int height = static_cast<int>(std::lround(bottom * height_)) - y0;
    return mapped(width, height, [=](int x, int y) { return std::pair{x0 + x, y0 + y}; });
}

double difference(const Pixels& a, const Pixels& b) {
    double total = 0;
    for (int row = 0; row < kCells; ++row) {
        for (int column = 0; column < kCells; ++column) {
            const double left = static_cast<double>(column) / kCells;
            const double top = static_cast<double>(row) / kCells;
            const Rgb one = a.mean(left, top, left + 1.0 / kCells, top + 1.0 / kCells);
            const Rgb other = b.mean(left, top, left + 1.0 / kCells, top + 1.0 / kCells);
            for (size_t c = 0; c < 3; ++c) total += std::abs(one[c] - other[c]);
        }
    }
    return total / (3 * kCells * kCells);
}

}  // namespace thumbgate::test
