// A link that is pasted through programs which alter it is still valid, or refused cleanly: never another picture.
#include <algorithm>

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr const char* kOrigin = "http://127.0.0.1:";

// The path of a URL; every variant below is one.
std::string path_of(const std::string& url) {
    return url.substr(url.find('/', std::string(kOrigin).size()));
}

std::string lower_escapes(std::string text) {
    for (size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 1)) {
        for (size_t i = at + 1; i < std::min(at + 3, text.size()); ++i) {
            text[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
        }
    }
    return text;
}

std::vector<std::string> altered(const std::string& path) {
    const std::string escaped = thumbgate::percent_encode(path, "/");
    std::vector<std::string> all{escaped,
                                 lower_escapes(escaped),
                                 "/" + path,
                                 replace_all(path, "/", "//"),
                                 replace_all(path, "w:", "w%3A"),
                                 path + "?utm_source=chat"};
    for (const char* mark : {".", ",", ")", "]", ">", "%5D", "%2E", "\"", "%22", "/", "%20", "&gt;"}) {
        all.push_back(path + mark);
    }
    return all;
}

}  // namespace

TEST_CASE("a thumbnail's URL that was altered on its way is that picture, or refused") {
    Stack stack;
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const std::string path = path_of(photo.thumbnails.at(320));
    const Response right = stack.get(path, {{"Accept", kAcceptsJpeg}});
    REQUIRE(right.status == 200);
    int refused = 0;
    for (const std::string& variant : altered(path)) {
        INFO(variant);
        const Response response = stack.get(variant, {{"Accept", kAcceptsJpeg}});
        if (response.status == 200) {
            CHECK(inspect_bytes(response.body).width == 320);
            CHECK(response.body == right.body);
        } else {
            ++refused;
            CHECK((response.status == 400 || response.status == 403 || response.status == 404));
        }
    }
    CHECK(refused > 5);
    CHECK(stack.get(path + "?utm_source=chat").status == 200);
}

TEST_CASE("one signature of a listing serves every width that it names, and no other") {
    Stack stack;
    CookieJar jar;
    const Uploaded photo = stack.upload(photos::flower(), &jar);
    const std::string path = path_of(photo.thumbnails.at(320));
    CHECK(path_of(photo.thumbnails.at(960)) == replace_all(path, "/w:320/", "/w:960/"));
    CHECK(stack.get(replace_all(path, "/w:320/", "/w:640/")).status == 200);
    CHECK(stack.get(replace_all(path, "/w:320/", "/w:321/")).status == 403);
}
