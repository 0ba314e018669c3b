// Formats, and what a client accepts; contract/vectors/accept.json has the headers that occur.
#include "contract/formats.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

constexpr FormatSet kNone{};
constexpr FormatSet kWebp = FormatSet{}.with(Format::webp);
constexpr FormatSet kAvif = FormatSet{}.with(Format::avif);
constexpr FormatSet kBoth = kWebp.with(Format::avif);

}  // namespace

TEST_CASE("formats have the names and media types that URLs and responses use") {
    CHECK(name(Format::jpeg) == "jpeg");
    CHECK(name(Format::png) == "png");
    CHECK(name(Format::webp) == "webp");
    CHECK(name(Format::avif) == "avif");
    CHECK(name(Format::gif) == "gif");
    CHECK(name(Format::jxl) == "jxl");
    CHECK(media_type(Format::jpeg) == "image/jpeg");
    CHECK(media_type(Format::png) == "image/png");
    CHECK(media_type(Format::webp) == "image/webp");
    CHECK(media_type(Format::avif) == "image/avif");
    CHECK(media_type(Format::gif) == "image/gif");
    CHECK(media_type(Format::jxl) == "image/jxl");
}

TEST_CASE("a URL names a format in lower case, JPEG by two names") {
    for (const Format format : {Format::jpeg, Format::png, Format::webp, Format::avif, Format::gif, Format::jxl}) {
        CHECK(format_from_name(name(format)) == format);
    }
    CHECK(format_from_name("jpg") == Format::jpeg);
    for (const char* text : {"", "JPEG", "tiff", "heic", "jpe", "jpegx", " png", "image/png"})
        CHECK_FALSE(format_from_name(text));
}

TEST_CASE("a set of formats has one token, which reads back") {
    CHECK(kNone.token() == "base");
    CHECK(kWebp.token() == "webp");
    CHECK(kAvif.token() == "avif");
    CHECK(kBoth.token() == "avif+webp");
    for (const FormatSet set : {kNone, kWebp, kAvif, kBoth}) CHECK(FormatSet::from_token(set.token()) == set);
    for (const char* text : {"", "webp+avif", "AVIF", "jpeg", "base+webp", "avif+", "avif webp"}) {
        CHECK_FALSE(FormatSet::from_token(text));
    }
}

TEST_CASE("sets of formats are added to and intersected") {
    CHECK((kBoth & kWebp) == kWebp);
    CHECK((kAvif & kWebp) == kNone);
    CHECK(kBoth.has(Format::avif));
    CHECK_FALSE(kWebp.has(Format::avif));
    CHECK(kNone.empty());
    CHECK_FALSE(kWebp.empty());
    CHECK(kWebp.with(Format::webp) == kWebp);
}

TEST_CASE("base formats need no negotiation, so offering them changes nothing") {
    CHECK(accepted_formats("image/jpeg,image/png", kBoth.with(Format::jpeg).with(Format::png)) == kNone);
}

TEST_CASE("an Accept header of many thousand members is read to its end") {
    std::string header;
    for (int i = 0; i < 10'000; ++i) header += "image/x,;q=0,";
    CHECK(accepted_formats(header + "image/webp", kBoth) == kWebp);
}
