#include "tests/support/photos.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test::photos {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMate = "/usr/share/backgrounds/mate/nature/";
constexpr const char* kPlasma = "/usr/share/wallpapers/";

Photo there(const fs::path& path, int width, int height) {
    if (!fs::exists(path)) {
        FAIL("no photograph " << path.string() << ": apt-get install mate-backgrounds plasma-workspace-wallpapers");
    }
    return {path, width, height};
}

Photo mate(const char* name, int width, int height) {
    return there(fs::path(kMate) / name, width, height);
}

Photo plasma(const char* name, const char* size, int width, int height) {
    return there(fs::path(kPlasma) / name / "contents/images" / size, width, height);
}

void tool(const std::vector<std::string>& argv) {
    const RunResult result = run(argv, {.timeout = 60s});
    if (!result.ok()) FAIL(argv.front() << " failed: " << result.err << result.out);
}

fs::path variant_name(const Photo& photo, const std::string& suffix, const fs::path& dir) {
    return dir / (photo.path.stem().string() + suffix);
}

}  // namespace

Photo dune() {
    return mate("Dune.jpg", 1680, 1050);
}
Photo storm() {
    return mate("Storm.jpg", 1920, 1280);
}
Photo flower() {
    return mate("FreshFlower.jpg", 1600, 1203);
}
Photo meadow() {
    return mate("GreenMeadow.jpg", 1280, 1024);
}
Photo autumn() {
    return plasma("Autumn", "2560x1600.jpg", 2560, 1600);
}
Photo cups() {
    return plasma("ColorfulCups", "2560x1600.jpg", 2560, 1600);
}
Photo large() {
    return plasma("SafeLanding", "5120x2880.jpg", 5120, 2880);
}

std::vector<Photo> all() {
    return {dune(),
            storm(),
            flower(),
            meadow(),
            autumn(),
            cups(),
            large(),
            mate("Garden.jpg", 2560, 1600),
            mate("Wood.jpg", 2560, 1920),
            mate("TwoWings.jpg", 2560, 1600),
            plasma("BytheWater", "2560x1600.jpg", 2560, 1600),
            plasma("FallenLeaf", "2560x1600.jpg", 2560, 1600)};
}

Photo with_gps(const Photo& photo, const fs::path& dir) {
    const fs::path path = variant_name(photo, "-gps.jpg", dir);
    tool({"exiftool", "-q", "-GPSLatitude=52.5163", "-GPSLatitudeRef=N", "-GPSLongitude=13.3777", "-GPSLongitudeRef=E",
          "-XMP:Location=Pariser Platz", "-o", path.string(), photo.path.string()});
    return {path, photo.width, photo.height};
}

Photo with_orientation(const Photo& photo, int orientation, const fs::path& dir) {
    const fs::path path = variant_name(photo, "-turned" + std::to_string(orientation) + ".jpg", dir);
    tool({"exiftool", "-q", "-n", "-EXIF:Orientation=" + std::to_string(orientation), "-o", path.string(),
          photo.path.string()});
    return {path, photo.width, photo.height};
}

Photo truncated(const Photo& photo, double keep, const fs::path& dir) {
    const fs::path path = variant_name(photo, "-truncated" + photo.path.extension().string(), dir);
    const std::string whole = read_file(photo.path);
    write_file(path, whole.substr(0, static_cast<size_t>(static_cast<double>(whole.size()) * keep)));
    return {path, photo.width, photo.height};
}

Photo converted(const Photo& photo, const std::string& ending, const fs::path& dir) {
    const fs::path path = variant_name(photo, "." + ending, dir);
    const std::string fast = ending == "avif" ? "[effort=0]" : "";
    tool({"vips", "copy", photo.path.string(), path.string() + fast});
    return {path, photo.width, photo.height};
}

Photo with_alpha(const Photo& photo, const fs::path& dir) {
    const fs::path path = variant_name(photo, "-alpha.png", dir);
    tool({"vips", "bandjoin_const", photo.path.string(), path.string(), "128"});
    return {path, photo.width, photo.height};
}

Photo bomb(const fs::path& dir) {
    const fs::path path = dir / "bomb.png";
    tool({"vips", "black", path.string() + "[bitdepth=1,filter=none]", "30000", "30000"});
    return {path, 30000, 30000};
}

}  // namespace thumbgate::test::photos
