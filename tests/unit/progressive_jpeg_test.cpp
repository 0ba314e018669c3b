#include "backend/converter/progressive_jpeg.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>

#include <cstdint>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

struct Decoded {
    std::vector<std::uint8_t> pixels;
    long warnings = 0;
    bool operator==(const Decoded&) const = default;
};

// At 1/8, by libjpeg itself.
Decoded decoded_at_eighth(std::string_view jpeg, bool smoothing) {
    jpeg_decompress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    errors.output_message = [](j_common_ptr) {};
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size());
    jpeg_read_header(&info, TRUE);
    info.scale_num = 1;
    info.scale_denom = 8;
    info.do_block_smoothing = smoothing ? TRUE : FALSE;
    jpeg_start_decompress(&info);
    const std::size_t stride = std::size_t{info.output_width} * static_cast<std::size_t>(info.output_components);
    Decoded result;
    result.pixels.resize(stride * info.output_height);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = result.pixels.data() + stride * info.output_scanline;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    result.warnings = errors.num_warnings;
    jpeg_destroy_decompress(&info);
    return result;
}

const std::vector<Photo>& progressive_photos() {
    static const std::vector<Photo> photos{photos::flower(), photos::meadow(), photos::autumn(), photos::cups()};
    return photos;
}

}  // namespace

TEST_CASE("A progressive photo at 1/8 has the pixels of all its scans, from a part of its bytes") {
    for (const Photo& photo : progressive_photos()) {
        INFO(photo.path.string());
        const std::string whole = read_file(photo.path);
        const auto rest = for_eighth(whole);
        REQUIRE(rest);
        CHECK(rest->size() < whole.size() / 2);
        const Decoded expected = decoded_at_eighth(whole, false);
        CHECK(decoded_at_eighth(*rest, true) == expected);
        CHECK(expected.warnings == 0);
    }
}

TEST_CASE("A progressive photo that is cut off anywhere is known as cut off, or left to the decoder") {
    const std::string whole = read_file(photos::flower().path);
    for (std::size_t size = 0; size < whole.size(); size += size < 2000 ? 1 : 997) {
        const auto rest = for_eighth(std::string_view(whole).substr(0, size));
        REQUIRE_FALSE(rest);
        if (size >= 2) CHECK(rest.error() == NoEighth::truncated);
    }
}

TEST_CASE("What is no progressive JPEG is left as it is") {
    CHECK(for_eighth(read_file(photos::dune().path)).error() == NoEighth::unsuited);
    CHECK(for_eighth("").error() == NoEighth::unsuited);
    CHECK(for_eighth("no picture").error() == NoEighth::unsuited);
}
