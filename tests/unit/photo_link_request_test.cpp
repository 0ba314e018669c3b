// What a link may ask for.
#include "backend/photos/link_request.hpp"

#include "contract/thumb_url.hpp"
#include "tests/support/catch.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

std::chrono::seconds lifetime(const std::string& value) {
    const auto request = parse_link_request("{\"expires_in\": " + value + "}", LinkScope::photo);
    return request ? request->expires_in : std::chrono::seconds(0);
}

std::string refusal(const std::string& body) {
    const auto request = parse_link_request(body, LinkScope::photo);
    if (request) return "";
    CHECK(request.error().status == 400);
    return request.error().message;
}

// What the link would sign for that photo.
std::string path_of(const LinkRequest& request, const std::string& photo, std::uint64_t expires) {
    LinkRecord link;
    link.id = "l";
    link.expires = expires;
    link.options = request.options;
    return link_path(link, photo);
}

}  // namespace

TEST_CASE("a link lives for seconds, or for a time as people write it") {
    CHECK(lifetime("3600").count() == 3600);
    CHECK(lifetime("\"3600\"").count() == 3600);
    CHECK(lifetime("\"1h\"").count() == 3600);
    CHECK(lifetime("\"90s\"").count() == 90);
    CHECK(lifetime("\"7d\"").count() == 604'800);
    CHECK(lifetime("\"2500ms\"").count() == 2);
    CHECK(lifetime("31622400").count() == 31'622'400);
}

TEST_CASE("a lifetime that is none is refused, quoted") {
    for (const std::string value : {"0", "-1", "\"\"", "\"1 h\"", "\"1y\"", "\"500ms\"", "31622401", "true", "null",
                                    "[]", "{}", "1e99", "\"99999999999999999999\""}) {
        CAPTURE(value);
        CHECK_THAT(refusal("{\"expires_in\": " + value + "}"), contains("\"expires_in\""));
    }
    CHECK_THAT(refusal("{}"), contains("\"expires_in\" is missing"));
}

TEST_CASE("a link's picture is described in the URL's own words") {
    const auto request = parse_link_request(
        R"({"expires_in": 60, "width": 300, "height": 200, "resizing_type": "fill", "gravity": "no", "enlarge": true,
            "quality": 80, "format": "webp", "dpr": 1.5})",
        LinkScope::photo);
    REQUIRE(request);
    const std::string path = path_of(*request, "abcdefghijklmnopqrstuvwxyz", 1234);
    const auto link = parse_link(path, Presets{});
    REQUIRE(link);
    CHECK(link->source == "photo://abcdefghijklmnopqrstuvwxyz");
    CHECK(link->options.expires == 1234);
    CHECK(link->options.width == 450);
    CHECK(link->options.height == 300);
    CHECK(link->options.resizing_type == ResizingType::fill);
    CHECK(link->options.gravity == Gravity::north);
    CHECK(link->options.quality == 80);
    CHECK(link->options.format == Format::webp);
}

TEST_CASE("a link's gravity may be a focus point or have an offset") {
    const auto anchor_of = [](const std::string& gravity) {
        const std::string size = "\"resizing_type\": \"fill\", \"width\": 30, \"height\": 20";
        const auto request = parse_link_request("{\"expires_in\": 60, " + size + ", \"gravity\": \"" + gravity + "\"}",
                                                LinkScope::photo);
        REQUIRE(request);
        return parse_link(path_of(*request, "x", 9), Presets{})->options.gravity;
    };
    CHECK(anchor_of("fp:0.5:0.25") == Anchor{Gravity::focus_point, kPlaceUnit / 2, kPlaceUnit / 4});
    CHECK(anchor_of("no:0:10") == Anchor{Gravity::north, 0, 10 * kPlaceUnit});
}

TEST_CASE("a link without any wish is the picture as it is") {
    const auto request = parse_link_request("{\"expires_in\":1}", LinkScope::photo);
    const auto link = parse_link(path_of(*request, "x", 9), Presets{});
    REQUIRE(link);
    CHECK(link->options.width == 0);
    CHECK(link->options.expires == 9);
}

TEST_CASE("what is not known or not right is refused by name") {
    CHECK_THAT(refusal(R"({"expires_in":1,"colour":"red"})"), contains("\"colour\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"exp":5})"), contains("\"exp\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"width":-1})"), contains("\"width\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"width":[1]})"), contains("\"width\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"width":"1/w:2"})"), contains("\"width\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"format":"bmp"})"), contains("\"format\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"dpr":99.5})"), contains("\"dpr\""));
}

TEST_CASE("what is no JSON object is refused with an example") {
    for (const char* body : {"", "[]", "1", "{", "{\"expires_in\":1}x", "expires_in=1"}) {
        CHECK_THAT(refusal(body), contains("{\"expires_in\": \"1h\"}"));
    }
}

TEST_CASE("a link has a name of its owner's words, and one session that it is for, if that is wanted") {
    const auto plain = parse_link_request(R"({"expires_in":1})", LinkScope::photo);
    REQUIRE(plain);
    CHECK((plain->name.empty() && !plain->is_bound));
    const auto request = parse_link_request(R"({"expires_in":1,"name":"Früh \"auf\"","bound":true})", LinkScope::photo);
    REQUIRE(request);
    CHECK(request->name == "Früh \"auf\"");
    CHECK(request->is_bound);
    CHECK_THAT(refusal(R"({"expires_in":1,"name":"two\nlines"})"), contains("\"name\""));
    CHECK_THAT(refusal("{\"expires_in\":1,\"name\":\"" + std::string(201, 'n') + "\"}"), contains("\"name\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"bound":1})"), contains("\"bound\""));
    CHECK_THAT(refusal(R"({"expires_in":1,"photos":[]})"), contains("\"photos\""));
}

TEST_CASE("an album names its photos, each once, and not too many") {
    const std::string one(26, 'a');
    const std::string two(26, 'b');
    const auto album = [](const std::string& photos) {
        return parse_link_request("{\"expires_in\":1,\"photos\":" + photos + "}", LinkScope::album);
    };
    CHECK(album("[\"" + two + "\",\"" + one + "\",\"" + two + "\"]")->photos == std::vector{two, one});
    std::string many = "[\"" + one + "\"";
    for (int i = 0; i < 500; ++i) many += ",\"" + one + "\"";
    for (const std::string& bad : {std::string("[]"), "\"" + one + "\"", std::string("[\"x\"]"), std::string("[1]"),
                                   std::string("null"), many + "]"}) {
        CHECK_THAT(album(bad).error().message, contains("\"photos\""));
    }
    CHECK_THAT(parse_link_request(R"({"expires_in":1})", LinkScope::album).error().message, contains("missing"));
}

TEST_CASE("every URL of a link carries its name, its end, and the session that it is for") {
    LinkRecord link;
    link.id = std::string(26, 'l');
    link.expires = 99;
    link.session = std::string(32, 'f');
    const auto parsed = parse_link(link_path(link, "x"), Presets{});
    REQUIRE(parsed);
    CHECK(parsed->options.link_id == link.id);
    CHECK(parsed->options.session == link.session);
    CHECK(parsed->options.expires == 99);
}
