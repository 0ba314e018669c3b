#include "backend/converter/webp_chunks.hpp"

#include <string>
#include <string_view>

#include "tests/support/catch.hpp"

using namespace thumbgate;

using namespace std::string_literals;

namespace {

std::string sized(std::size_t size) {
    return {static_cast<char>(size & 0xFFU), static_cast<char>(size >> 8U & 0xFFU), '\0', '\0'};
}

std::string chunk(const std::string& name, const std::string& data) {
    return name + sized(data.size()) + data + (data.size() % 2 != 0 ? "\0"s : ""s);
}

std::string file(const std::string& chunks) {
    return "RIFF" + sized(4 + chunks.size()) + "WEBP" + chunks;
}

const std::string kPixels = chunk("VP8 ", "pixels!");
const std::string kExif = chunk("EXIF", "where it was taken");
const std::string kExtension = chunk("VP8X", "\x3C\0\0\0\x3F\x01\0\xEF\0\0"s);

}  // namespace

TEST_CASE("A WebP file without transparency keeps its pixels alone") {
    CHECK(without_metadata(file(kExtension + chunk("ICCP", "profile") + kPixels + kExif)) == file(kPixels));
    CHECK(without_metadata(file(kPixels)) == file(kPixels));
    CHECK(without_metadata(file(kExtension + chunk("VP8L", "pixels"))) == file(chunk("VP8L", "pixels")));
}

TEST_CASE("A WebP file with transparency keeps it, and says nothing of what is gone") {
    const std::string alpha = chunk("ALPH", "alpha");
    const std::string kept = chunk("VP8X", "\x10\0\0\0\x3F\x01\0\xEF\0\0"s);
    CHECK(without_metadata(file(kExtension + alpha + kPixels + kExif)) == file(kept + alpha + kPixels));
}

TEST_CASE("An animated WebP file keeps its frames and what they share") {
    const std::string frames = chunk("ANIM", "loops.") + chunk("ANMF", "one") + chunk("ANMF", "two");
    const std::string moving = chunk("VP8X", "\x3E\0\0\0\x3F\x01\0\xEF\0\0"s);
    const std::string kept = chunk("VP8X", "\x12\0\0\0\x3F\x01\0\xEF\0\0"s);
    CHECK(without_metadata(file(moving + chunk("ICCP", "profile") + frames + kExif)) == file(kept + frames));
    CHECK_FALSE(without_metadata(file(frames)));
}

TEST_CASE("What is not a whole WebP file gives none") {
    CHECK_FALSE(without_metadata(""));
    CHECK_FALSE(without_metadata("RIFF\0\0\0\0WAVE"s));
    CHECK_FALSE(without_metadata(file(kExif)));
    CHECK_FALSE(without_metadata(file(chunk("VP8X", "") + chunk("ALPH", "alpha") + kPixels)));
    const std::string whole = file(kExtension + kPixels);
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(without_metadata(whole.substr(0, size)));
}
