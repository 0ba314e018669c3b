// What an SVG refers to outside of itself is without effect, and so is what it would run: by the way in which librsvg
// is called, before any sandbox. Here it is called without one, beside files that could be read.
#include <netinet/in.h>
#include <sys/socket.h>

#include <vips/vips8>

#include "backend/converter/svg_document.hpp"
#include "backend/unique_fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

// libxml2 2.9 loses what it has of an entity when it gives up on a document; LeakSanitizer asks for this by its name.
extern "C" [[gnu::visibility("default")]] const char* __lsan_default_suppressions();
const char* __lsan_default_suppressions() {
    return "leak:xmlParseEntityValue";
}

namespace {

constexpr int kSide = 40;  // pixels

// A lime ground, and on it what is to be judged. Whatever is loaded is red.
class Page {
  public:
    Page() {
        REQUIRE(VIPS_INIT("unit_tests") == 0);
        write_file(dir / "red.svg", kRed);
        const RunResult made = run({"vips", "svgload", (dir / "red.svg").string(), (dir / "red.png").string()});
        INFO(made.err);
        REQUIRE(made.ok());
        write_file(dir / "style.css", "rect { fill: red }");
    }

    std::string file(const std::string& name) const { return "file://" + (dir / name).string(); }

    // Whether it shows the ground alone; false too where it is no document.
    bool is_plain(const std::string& content, const std::string& prolog = "") const {
        const std::string text =
            prolog +
            "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40' "
            "xmlns:xlink='http://www.w3.org/1999/xlink' xmlns:xi='http://www.w3.org/2001/XInclude'>"
            "<rect width='40' height='40' fill='lime'/>" +
            content + "</svg>";
        const auto document = SvgDocument::parse(text);
        if (!document) {
            UNSCOPED_INFO(document.error());
            return false;
        }
        const auto drawn = document->draw({kSide, kSide}, {0, 0, 1, 1}, {kSide, kSide});
        if (!drawn) return false;
        return drawn->extract_band(0).max() == 0 && drawn->extract_band(1).min() == 255;
    }

    TempDir dir;

  private:
    static constexpr const char* kRed =
        "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><rect id='r' width='40' height='40' "
        "fill='red'/></svg>";
};

}  // namespace

TEST_CASE_METHOD(Page, "A picture that a drawing holds is shown, so that one that it does not is missed") {
    const RunResult base64 = run({"base64", "-w0", (dir / "red.png").string()});
    REQUIRE(base64.ok());
    const std::string held = "data:image/png;base64," + base64.out;
    CHECK_FALSE(is_plain("<image width='40' height='40' href='" + held + "'/>"));
    CHECK_FALSE(is_plain("<rect width='40' height='40' fill='red'/>"));
    CHECK(is_plain(""));
}

TEST_CASE_METHOD(Page, "Files and addresses that a drawing names are not shown") {
    for (const std::string& name :
         {file("red.png"), file("red.svg"), (dir / "red.png").string(), std::string("red.png"),
          std::string("file:///etc/passwd"), std::string("http://127.0.0.1:9/red.png"),
          std::string("https://127.0.0.1:9/red.png"), std::string("//127.0.0.1:9/red.png")}) {
        CAPTURE(name);
        for (const std::string attribute : {"href", "xlink:href"}) {
            CHECK(is_plain("<image width='40' height='40' " + attribute + "='" + name + "'/>"));
            CHECK(is_plain("<use " + attribute + "='" + name + "#r'/>"));
            CHECK(is_plain("<filter id='f'><feImage " + attribute + "='" + name +
                           "'/></filter>"
                           "<rect width='0' height='0' filter='url(#f)'/>"));
        }
        CHECK(is_plain("<text x='0' y='0'><xi:include href='" + name + "' parse='text'/></text>"));
        CHECK(is_plain("<xi:include href='" + name + "'/>"));
        CHECK(is_plain("<rect width='40' height='40' fill='url(" + name + "#r) none'/>"));
    }
}

TEST_CASE_METHOD(Page, "No server is asked for anything") {
    const thumbgate::UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(server.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(listen(server.get(), 8) == 0);
    REQUIRE(getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::string there = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/red.svg";
    is_plain("<image width='40' height='40' href='" + there + "'/><use href='" + there + "#r'/><style>@import url(" +
             there + ");</style>");
    CHECK(accept(server.get(), nullptr, nullptr) == -1);
}

TEST_CASE_METHOD(Page, "Styles of other files do not count") {
    CHECK(is_plain("<style>@import url('" + file("style.css") + "');</style>"));
    CHECK(is_plain("<style>@import 'style.css';</style>"));
    CHECK(is_plain("", "<?xml version='1.0'?><?xml-stylesheet type='text/css' href='" + file("style.css") + "'?>"));
    CHECK(is_plain("<style>@font-face { font-family: x; src: url('" + file("red.png") + "') }</style>"));
    CHECK_FALSE(is_plain("<style>rect { fill: red }</style>"));
}

TEST_CASE_METHOD(Page, "Entities of other files are empty, and those that grow without end are refused") {
    const std::string of_file = "<!DOCTYPE svg [<!ENTITY e SYSTEM '" + file("red.svg") + "'>]>";
    const auto content = SvgDocument::parse(of_file + "<svg xmlns='http://www.w3.org/2000/svg'>&e;</svg>");
    if (content) CHECK(is_plain("<g>&e;</g>", of_file));
    is_plain("", "<!DOCTYPE svg SYSTEM '" + file("red.svg") + "'>");
    std::string laughs = "<!DOCTYPE svg [<!ENTITY e0 'ha'>";
    for (int i = 1; i < 10; ++i) {
        laughs += "<!ENTITY e" + std::to_string(i) + " '";
        for (int j = 0; j < 10; ++j) laughs += "&e" + std::to_string(i - 1) + ";";
        laughs += "'>";
    }
    CHECK_FALSE(is_plain("<text>&e9;</text>", laughs + "]>"));
}

TEST_CASE_METHOD(Page, "Scripts do not run, and foreign objects are not shown") {
    CHECK(is_plain("<script>document.documentElement.innerHTML = '';</script>"));
    CHECK(is_plain("<script href='" + file("red.svg") + "'/>"));
    CHECK(is_plain("<g onload=\"alert(1)\"/><animate onbegin='alert(1)' attributeName='x' dur='1s'/>"));
    CHECK(
        is_plain("<foreignObject width='40' height='40'><body xmlns='http://www.w3.org/1999/xhtml' "
                 "style='background:red'><img src='" +
                 file("red.png") + "'/></body></foreignObject>"));
}
