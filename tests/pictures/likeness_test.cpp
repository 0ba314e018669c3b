// How much of a photograph a decoder that shrinks, and the scaling after it, leave: against a Lanczos of every pixel.
#include "tests/pictures/pictures.hpp"
#include "tests/support/photos.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

TEST_CASE_METHOD(ConverterFixture, "A photograph that is made smaller is what all of its pixels make of it") {
    const TempDir dir;
    const std::vector<Photo> all{photos::dune(),   photos::storm(), photos::flower(),
                                 photos::autumn(), photos::cups(),  photos::large()};
    for (const Photo& photo : all) {
        // By eight, four, two and nothing on load; each with sides that the factor does not divide.
        for (const char* width : {"160", "301", "640", "1001"}) {
            CAPTURE(photo.path.string(), width);
            const Converted converted = convert_link(photo.path, "w:" + std::string(width) + "/f:png");
            const std::string size =
                std::to_string(converted.reply.width) + "x" + std::to_string(converted.reply.height);
            const Luma expected = luma_of(photo.path, {"-filter", "Lanczos", "-resize", size + "!"});
            const double found = ssim(luma_of_bytes(converted.bytes), expected);
            UNSCOPED_INFO(found);
            CHECK(found > 0.985);
        }
    }
}
