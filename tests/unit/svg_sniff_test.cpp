#include "backend/conversion/svg_sniff.hpp"

#include <string>
#include <string_view>

#include "backend/conversion/formats.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using enum Sniffed;

namespace {

const std::string kInkscape = R"(<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with a program (http://www.example.org/) -->

<svg
   xmlns="http://www.w3.org/2000/svg" width="10">)";

const std::string kIllustrator = R"(<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
  <!ENTITY ns_svg "http://www.w3.org/2000/svg">
]>
<svg version="1.1" xmlns="&ns_svg;">)";

}  // namespace

TEST_CASE("An SVG is known by its first element, whatever stands in front of it") {
    for (const std::string& head :
         {std::string("<svg>"), std::string("<svg/>"), std::string("<svg\nwidth='1'>"), std::string(" \r\n\t<svg>"),
          std::string("\xEF\xBB\xBF<svg>"), std::string("<!-- < > - -- --><?a ?><svg>"), std::string("<!DOCTYPE svg>"),
          std::string("<!DOCTYPE svg[<!ENTITY a 'b'>]>"), std::string("<s:svg xmlns:s='http://www.w3.org/2000/svg'>"),
          kInkscape, kIllustrator}) {
        CAPTURE(head);
        CHECK(sniff_svg(head) == yes);
        CHECK(sniff(head) == SourceFormat::svg);
        CHECK_FALSE(is_video(head));
    }
}

TEST_CASE("Other texts are no SVG") {
    for (const std::string_view head : {"<html>", "<!DOCTYPE html><svg>", "<svgx>", "<SVG>", "<x:y>", "text",
                                        "text <svg>", "</svg>", "<!ELEMENT svg>", "<?xml version='1.0'?><rss>",
                                        "{\"svg\": 1}", "%PDF-1.7", "<!-- --> svg", "< svg>", "<svg:g>", "&lt;svg>"}) {
        CAPTURE(head);
        CHECK(sniff_svg(head) == no);
        CHECK_FALSE(sniff(head));
    }
}

TEST_CASE("Of an SVG each beginning is undecided, up to the end of the name of its first element") {
    for (const std::string& head : {kInkscape, kIllustrator, std::string("\xEF\xBB\xBF <svg>")}) {
        bool is_decided = false;
        for (std::size_t size = 0; size <= head.size(); ++size) {
            const Sniffed sniffed = sniff_svg(std::string(head.substr(0, size)));
            CAPTURE(size);
            CHECK(sniffed == (is_decided ? yes : sniffed));
            CHECK(sniffed != no);
            is_decided = is_decided || sniffed == yes;
        }
        CHECK(is_decided);
    }
}

TEST_CASE("An SVG that does not begin within the first bytes is none") {
    const std::string comment = "<!--" + std::string(kLongestHead, 'x') + "-->";
    CHECK(sniff_svg(comment + "<svg>") == yes);
    CHECK_FALSE(sniff(comment + "<svg>"));
    CHECK(sniff("<!--" + std::string(kLongestHead - 20, 'x') + "--><svg>") == SourceFormat::svg);
}

TEST_CASE("What gzip packed is known as that") {
    CHECK(is_gzip("\x1F\x8B\x08"));
    CHECK_FALSE(is_gzip("\x1F"));
    CHECK_FALSE(is_gzip("<svg>"));
}
