// SVG in the kind of converter that reads it, behind its sandbox. What is expected is geometry: of plain shapes it is
// known which colour each pixel has.
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/photos.hpp"
#include "tests/unit/pipeline_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr Rgb kRed{255, 0, 0};
constexpr Rgb kBlue{0, 0, 255};
constexpr Rgb kLime{0, 255, 0};
constexpr Rgb kWhite{255, 255, 255};

std::string svg(const std::string& attributes, const std::string& content) {
    return "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' " + attributes + ">" +
           content + "</svg>";
}

// Red at the left of the middle, blue at its right.
std::string halves(const std::string& attributes) {
    return svg(attributes,
               "<rect width='20' height='20' fill='red'/><rect x='20' width='20' height='20' fill='blue'/>");
}

Rgb colour_at(const Pixels& pixels, int x, int y) {
    const double wide = 1.0 / pixels.width();
    const double high = 1.0 / pixels.height();
    return pixels.mean(x * wide, y * high, (x + 1) * wide, (y + 1) * high);
}

bool has_size(const Pixels& pixels, int width, int height) {
    INFO(pixels.width() << " x " << pixels.height());
    CHECK(pixels.width() == width);
    CHECK(pixels.height() == height);
    return pixels.width() == width && pixels.height() == height;
}

// Part of the pixels in a rectangle, in fractions, that are dark.
double ink(const Pixels& pixels, double left, double top, double right, double bottom) {
    return 1 - pixels.mean(left, top, right, bottom)[0] / 255;
}

class Drawings : public ConverterFixture {
  public:
    Drawings() : ConverterFixture(ConverterKind::svg) {}

    Converted made(const std::string& document, const std::string& options) {
        write_file(dir / "drawing.svg", document);
        return convert_link(dir / "drawing.svg", options);
    }
    Pixels shown(const std::string& document, const std::string& options) {
        return picture(made(document, options + "/f:png"));
    }
    JobReply inspected(const std::string& document) {
        write_file(dir / "drawing.svg", document);
        return run_request(inspect_request(PoolConfig{}), dir / "drawing.svg").reply;
    }
    void has_intrinsic_size(const std::string& attributes, unsigned width, unsigned height) {
        CAPTURE(attributes);
        const JobReply reply = inspected(halves(attributes));
        INFO(reply.detail.data());
        CHECK(reply.outcome == Outcome::ok);
        CHECK(reply.source_format == SourceFormat::svg);
        CHECK(reply.width == width);
        CHECK(reply.height == height);
    }

    TempDir dir;
};

}  // namespace

TEST_CASE_METHOD(Drawings, "A drawing is made at the size that is asked for, however small it says that it is") {
    const Pixels pixels = shown(halves("width='40' height='20'"), "w:1200");
    if (!has_size(pixels, 1200, 600)) return;
    // A picture that was scaled up has an edge of many colours.
    CHECK(colour_at(pixels, 599, 300) == kRed);
    CHECK(colour_at(pixels, 600, 300) == kBlue);
    CHECK(colour_at(pixels, 0, 0) == kRed);
    CHECK(colour_at(pixels, 1199, 599) == kBlue);
}

TEST_CASE_METHOD(Drawings, "A crop is made at the size that is asked for, too") {
    const Pixels pixels = shown(halves("width='40' height='20'"), "c:2:2:ce/w:400");
    if (!has_size(pixels, 400, 400)) return;
    CHECK(colour_at(pixels, 199, 200) == kRed);
    CHECK(colour_at(pixels, 200, 200) == kBlue);
}

TEST_CASE_METHOD(Drawings, "A fill keeps what its gravity says") {
    for (const auto& [gravity, colour] : {std::pair{"we", kRed}, std::pair{"ea", kBlue}}) {
        const Pixels pixels = shown(halves("width='40' height='20'"), std::string("rs:fill:100:100/g:") + gravity);
        if (has_size(pixels, 100, 100)) CHECK(pixels.mean(0, 0, 1, 1) == colour);
    }
}

TEST_CASE_METHOD(Drawings, "A drawing that is turned or distorted has sharp edges as well") {
    const Pixels turned = shown(halves("width='40' height='20'"), "rot:90/w:300");
    if (has_size(turned, 300, 600)) {
        CHECK(colour_at(turned, 150, 299) == kRed);
        CHECK(colour_at(turned, 150, 300) == kBlue);
    }
    const Pixels distorted = shown(halves("width='40' height='20'"), "rs:force:200:500");
    if (has_size(distorted, 200, 500)) {
        CHECK(colour_at(distorted, 99, 499) == kRed);
        CHECK(colour_at(distorted, 100, 0) == kBlue);
    }
}

TEST_CASE_METHOD(Drawings, "A trim goes by the drawing's own pixels, and what it leaves is drawn anew") {
    const std::string document = svg("width='100' height='60'",
                                     "<rect width='100' height='60' fill='white'/>"
                                     "<rect x='10' y='20' width='20' height='10' fill='red'/>"
                                     "<rect x='30' y='20' width='20' height='10' fill='blue'/>");
    const Pixels pixels = shown(document, "t:10/w:800");
    if (!has_size(pixels, 800, 200)) return;
    CHECK(colour_at(pixels, 0, 0) == kRed);
    CHECK(colour_at(pixels, 399, 100) == kRed);
    CHECK(colour_at(pixels, 400, 100) == kBlue);
    CHECK(colour_at(pixels, 799, 199) == kBlue);
}

TEST_CASE_METHOD(Drawings, "A drawing has the size that a browser gives it, else that of its viewBox") {
    has_intrinsic_size("width='40' height='20'", 40, 20);
    has_intrinsic_size("width='40px' height='20px' viewBox='0 0 400 200'", 40, 20);
    has_intrinsic_size("width='1in' height='25.4mm'", 96, 96);
    has_intrinsic_size("width='72pt' height='6pc'", 96, 96);
    has_intrinsic_size("width='10.4' height='20.6'", 10, 21);
    has_intrinsic_size("width='0.1' height='0.1'", 1, 1);
    has_intrinsic_size("viewBox='5 5 300 150'", 300, 150);
    has_intrinsic_size("width='100%' height='100%' viewBox='0 0 300 150'", 300, 150);
    has_intrinsic_size("width='600' viewBox='0 0 300 150'", 300, 150);
}

TEST_CASE_METHOD(Drawings, "Half a pixel of a drawing's size does not leave an edge free") {
    const Pixels pixels =
        shown(svg("width='10.4' height='20.6'", "<rect width='10.4' height='20.6' fill='red'/>"), "w:500");
    if (has_size(pixels, 500, 1050)) CHECK(pixels.mean(0, 0, 1, 1) == kRed);
}

TEST_CASE_METHOD(Drawings, "A drawing without a size is refused as that") {
    for (const std::string attributes :
         {"", "width='100%' height='100%'", "width='0' height='0'", "width='-5' height='5'", "viewBox='0 0 0 10'"}) {
        CAPTURE(attributes);
        const Outcome outcome = inspected(halves(attributes)).outcome;
        CHECK((outcome == Outcome::no_size || outcome == Outcome::corrupt));
        CHECK(made(halves(attributes), "w:100").reply.outcome == outcome);
    }
    CHECK(inspected(halves("")).outcome == Outcome::no_size);
}

TEST_CASE_METHOD(Drawings, "The limits of other pictures are a drawing's as well") {
    CHECK(inspected(halves("width='70000' height='10'")).outcome == Outcome::side_too_long);
    CHECK(inspected(halves("width='1e30' height='1e30'")).outcome != Outcome::ok);
    CHECK(inspected(halves("width='20000' height='20000'")).outcome == Outcome::too_many_pixels);
    CHECK(made(halves("width='40' height='20'"), "w:40000").reply.outcome != Outcome::ok);
    CHECK(made(halves("width='4000' height='2'"), "w:40000").reply.outcome == Outcome::result_side_too_long);
}

TEST_CASE_METHOD(Drawings, "Transparency is kept, where there is some in the format") {
    const std::string document =
        svg("width='100' height='100'", "<rect width='50' height='100' fill='red' fill-opacity='.5'/>");
    const Converted png = made(document, "w:200/f:png");
    CHECK(png.reply.has_alpha);
    const Rgb pink{255, 127, 127};
    for (const std::string format : {"png", "jpg", "webp"}) {
        CAPTURE(format);
        const Pixels pixels = picture(made(document, "w:200/q:95/f:" + format));
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(colour_at(pixels, 50, 100).at(i) == Approx(pink.at(i)).margin(2));
            CHECK(colour_at(pixels, 150, 100).at(i) == Approx(kWhite.at(i)).margin(2));
        }
    }
    CHECK(made(document, "w:200").reply.format == Format::png);
    CHECK(made(halves("width='40' height='20'"), "w:200").reply.format == Format::jpeg);
}

TEST_CASE_METHOD(Drawings, "Texts are set in the fonts of the machine, at any size") {
    const std::string document = svg("width='40' height='20'",
                                     "<rect width='40' height='20' fill='white'/>"
                                     "<text x='2' y='15' font-size='14' font-family='DejaVu Sans'>MI</text>");
    const Pixels pixels = shown(document, "w:800");
    // The strokes of an M, and of an I beside it, from its height to the line that it stands on.
    CHECK(ink(pixels, .05, .25, .35, .75) > .3);
    CHECK(ink(pixels, .35, .25, .5, .75) > .1);
    CHECK(ink(pixels, .55, 0, 1, 1) == 0);
    CHECK(ink(pixels, 0, .78, 1, 1) == 0);
    const std::string mono = std::string(document).replace(document.find("DejaVu Sans"), 11, "DejaVu Sans Mono");
    CHECK(mean_error(shown(mono, "w:800"), pixels) > 1);
}

TEST_CASE_METHOD(Drawings, "Pictures that a drawing holds itself are shown, and its filters work") {
    // A PNG of one red pixel.
    const std::string png =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSu"
        "QmCC";
    const std::string holder =
        svg("width='10' height='10'", "<image width='10' height='10' xlink:href='" + png + "'/>");
    CHECK(shown(holder, "w:100").mean(.2, .2, .8, .8) == kRed);
    const std::string blurred = svg("width='100' height='100'",
                                    "<filter id='f'><feGaussianBlur stdDeviation='10'/></filter>"
                                    "<rect x='30' y='30' width='40' height='40' filter='url(#f)'/>");
    const Pixels pixels = shown(blurred, "w:400");
    CHECK(colour_at(pixels, 200, 200)[0] < 80);
    CHECK(colour_at(pixels, 120, 200)[0] == Approx(128).margin(30));
}

TEST_CASE_METHOD(Drawings, "A drawing that is damaged or cut off is refused") {
    const std::string whole = halves("width='40' height='20'");
    for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{90}}) {
        CHECK(inspected(whole.substr(0, size)).outcome != Outcome::ok);
    }
    CHECK(inspected(whole.substr(0, whole.size() - 6)).outcome == Outcome::corrupt);
    CHECK(inspected(svg("width='1' height='1'", "<g></h>")).outcome == Outcome::corrupt);
}

TEST_CASE("Each kind of converter reads its own formats alone") {
    const TempDir dir;
    write_file(dir / "drawing.svg", halves("width='40' height='20'"));
    ConverterFixture raster;
    CHECK(raster.convert_link(dir / "drawing.svg", "w:10").reply.outcome == Outcome::no_codec);
    ConverterFixture of_svg(ConverterKind::svg);
    for (const char* ending : {"png", "webp", "avif", "gif", "tif", "jxl"}) {
        const Photo photo = photos::converted(photos::meadow(), ending, dir.path());
        CHECK(of_svg.convert_link(photo.path, "w:10").reply.outcome == Outcome::no_codec);
    }
    CHECK(of_svg.convert_link(photos::meadow().path, "w:10").reply.outcome == Outcome::no_codec);
    for (const char* format : {"png", "webp", "avif", "gif", "jxl", "jpg"}) {
        CHECK(of_svg.convert_link(dir / "drawing.svg", std::string("w:10/f:") + format).reply.outcome == Outcome::ok);
    }
}
