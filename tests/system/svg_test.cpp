// SVG through the edge, the backend and a converter of its own kind.
#include "tests/support/bombs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/memory.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/stored_photos.hpp"
#include "tests/support/wait.hpp"

using namespace thumbgate::test;

namespace {

constexpr Rgb kRed{255, 0, 0};

// A red disc with a word on it, 40 × 20, transparent around.
std::string disc(const std::string& prolog = "") {
    return prolog +
           "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><circle cx='20' cy='10' r='9' fill='red'/>"
           "<text x='15' y='13' font-size='8' font-family='DejaVu Sans'>ab</text></svg>";
}

struct SvgStack : Stack {
    using Stack::Stack;

    Uploaded upload_text(const std::string& text) {
        write_file(dir() / "drawing.svg", text);
        return upload({dir() / "drawing.svg", 40, 20});
    }
    Response try_upload_text(const std::string& text) {
        write_file(dir() / "drawing.svg", text);
        return try_upload(dir() / "drawing.svg");
    }
    void is_refused(const std::string& text, int status, const std::string& code) {
        const Response response = try_upload_text(text);
        INFO(response);
        CHECK(response.status == status);
        CHECK_THAT(response.body, contains("urn:thumbgate:problem:" + code));
    }
};

}  // namespace

TEST_CASE("an SVG is uploaded, drawn in every format and at every size, and found in the cache") {
    SvgStack stack;
    const Uploaded photo = stack.upload_text(disc());
    CHECK(photo.format == "svg");
    CHECK(photo.width == 40);
    CHECK(photo.height == 20);
    for (const std::string format : {"jpeg", "png", "webp", "gif", "jxl", "avif"}) {
        CAPTURE(format);
        const Response response = stack.get(stack.thumbnail(photo.id, "/w:1200/f:" + format));
        INFO(response);
        REQUIRE(response.status == 200);
        CHECK(response.header("content-type") == "image/" + format);
        const Pixels pixels = Pixels::of_bytes(response.body);
        CHECK(pixels.width() == 1200);
        const Rgb edge = pixels.mean(.3, .5, .33, .55);
        for (std::size_t i = 0; i < 3; ++i) CHECK(edge.at(i) == Approx(kRed.at(i)).margin(25));
        CHECK(pixels.mean(0, 0, .1, .1)[1] > 245);
    }
    CHECK(stack.get(stack.thumbnail(photo.id, "/w:100")).header("content-type") == "image/png");
    stack.get_cached(stack.thumbnail(photo.id, "/w:1200/f:png"));
    CHECK(stack.get(stack.thumbnail(photo.id, "/w:100/f:svg")).status == 400);
    CHECK_THAT(stack.backend().log(), contains("converters for SVG are locked in"));
}

TEST_CASE("an SVG is known whatever stands in front of it, and what is none is refused") {
    SvgStack stack;
    CHECK(stack.upload_text(disc("\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- a --><!DOCTYPE svg>\n ")).format == "svg");
    CHECK(stack.upload_text(disc("<!--" + std::string(3000, 'x') + "-->")).format == "svg");
    const auto stored = stack.stored_files();
    stack.is_refused(disc("<!--" + std::string(5000, 'x') + "-->"), 415, "unsupported_format");
    stack.is_refused("<!DOCTYPE html><html><body><svg/></body></html>", 415, "unsupported_format");
    stack.is_refused("\x1F\x8B\x08" + std::string(100, 'z'), 415, "compressed");
    stack.is_refused("<svg xmlns='http://www.w3.org/2000/svg'><rect/></svg>", 422, "no_size");
    stack.is_refused(disc().substr(0, 150), 422, "corrupt");
    // What was being received is removed by a thread of the storage.
    CHECK(wait_until(10s, [&] { return stack.stored_files() == stored; }));
}

TEST_CASE("a large SVG is refused by the limit that is its own") {
    SvgStack stack({.thumbgated_flags = {"--max-svg-bytes", "10KiB"}});
    const std::string room(10 * 1024 - disc().size() - 7, 'x');
    CHECK(stack.upload_text(disc() + "<!--" + room + "-->").format == "svg");
    stack.is_refused(disc() + "<!--x" + room + "-->", 413, "svg_too_large");
    CHECK(stack.backend_metric("thumbgate_backend_limit_refusals_total", {{"limit", "svg_bytes"}}) == 1);
    CHECK(stack.upload(photos::meadow()).format == "jpeg");
}

TEST_CASE("a service that is told not to read SVG refuses it") {
    SvgStack stack({.thumbgated_flags = {"--svg-converters", "0"}});
    stack.is_refused(disc(), 415, "no_codec");
}

TEST_CASE("an SVG whose layers need more memory than a converter has is refused as that, and takes nobody else's") {
    SvgStack stack;
    const MemoryWatch memory(stack.backend().pid());
    // At the size at which an upload is looked at, they are small.
    const Uploaded bomb = stack.upload_text(bombs::svg_of_layers(9000, 250));
    for (const char* width : {"8000", "8001", "8002"}) {
        const Response drawn = stack.get(stack.thumbnail(bomb.id, std::string("/f:png/w:") + width));
        INFO(drawn);
        CHECK(drawn.status == 422);
        CHECK_THAT(drawn.body, contains("urn:thumbgate:problem:too_much_memory\""));
    }
    // Of all processes: one converter's --converter-memory, and little beside it.
    CHECK(memory.most() < 2560ULL << 20);
    CHECK(stack.upload_text(disc()).format == "svg");
}

TEST_CASE(
    "an SVG that breaks or outlasts its converters is 4xx, quarantined once it broke two, and costs others nothing") {
    SvgStack stack;
    const auto drawing = [](const std::string& content) {
        return "<svg xmlns='http://www.w3.org/2000/svg' width='500' height='500'>" + content + "</svg>";
    };
    const auto filtered = [&](const std::string& effect) {
        return drawing("<filter id='f'>" + effect + "</filter><rect width='500' height='500' filter='url(#f)'/>");
    };
    std::string weights;
    for (int i = 0; i < 300 * 300; ++i) weights += "1 ";
    double broken = 0;
    for (const std::string& bomb :
         {filtered("<feConvolveMatrix order='300' kernelMatrix='" + weights + "'/>"),
          filtered("<feTurbulence numOctaves='100000000'/>"), drawing("<text font-size='1e7' y='300'>ab</text>")}) {
        const MemoryWatch memory(stack.backend().pid());
        const Response first = stack.try_upload_text(bomb);
        INFO(first);
        // A later librsvg may well draw it; what hardly got a processor is blamed on nobody.
        const bool is_starved = first.status == 503 && first.body.contains("problem:starved\"");
        CHECK((first.status == 201 || first.status / 100 == 4 || is_starved));
        if (first.body.contains("problem:crash\"")) {
            ++broken;
            CHECK_THAT(stack.try_upload_text(bomb).body, contains("problem:quarantined\""));
        }
        CHECK(memory.most() < 1ULL << 30);
        CHECK(stack.upload_text(disc()).format == "svg");
    }
    CHECK(stack.backend_metric("thumbgate_backend_quarantined_total") == broken);
    CHECK(wait_until(20s, [&] { return StoredPhotos(stack.dir() / "photos").unfinished_files() == 0; }));
}

TEST_CASE("an SVG stands in for photos that are not there, where it is the fallback picture") {
    const TempDir files;
    write_file(files / "fallback.svg", disc());
    SvgStack stack({.thumbgated_flags = {"--fallback-image", (files / "fallback.svg").string()}});
    const Response response = stack.get(stack.thumbnail(std::string(26, 'a'), "/w:300/f:png"));
    INFO(response);
    REQUIRE(response.status == 200);
    CHECK(Pixels::of_bytes(response.body).width() == 300);
}
