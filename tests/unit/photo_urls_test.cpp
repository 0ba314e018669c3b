// The URLs that answers carry: signed, and the same in two listings.
#include "backend/photos/photo_urls.hpp"

#include <boost/json.hpp>
#include <cctype>

#include "contract/canonical.hpp"
#include "contract/ladder.hpp"
#include "contract/thumb_url.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::string_view kPhoto = "abcdefghijklmnopqrstuvwxyz";
constexpr std::uint64_t kDay = 86'400;

KeyRing ring(const std::string& text = "k1 736563726574 68656c6c6f") {
    return *KeyRing::parse(text);
}

std::string url(const PhotoUrls& urls, std::uint64_t now, const char* width = "320") {
    const auto thumbnails = urls.thumbnails(kPhoto, now);
    REQUIRE(thumbnails);
    return boost::json::value_to<std::string>(thumbnails->at(width));
}

}  // namespace

TEST_CASE("a thumbnail's URL passes the edge's own check and means that photo at that width") {
    const PhotoUrls urls(UrlConfig{}, ring());
    const std::string path = url(urls, 1000);
    REQUIRE(path.starts_with("/t/"));
    const auto split = split_signature(std::string_view(path).substr(3));
    REQUIRE(split);
    CHECK(ring().verify(split->signature, split->path, 1000) != nullptr);
    const auto link = parse_link(split->path, Presets{});
    REQUIRE(link);
    CHECK(link->source == "photo://" + std::string(kPhoto));
    CHECK(link->options.width == 320);
    CHECK(link->options.expires == 2 * kDay);
}

TEST_CASE("a URL's signature has the size that the edge is configured for") {
    UrlConfig config;
    config.signature_size = 16;
    const std::string path = url(PhotoUrls(config, ring()), 1000);
    const auto split = split_signature(std::string_view(path).substr(3));
    REQUIRE(split);
    CHECK(ring().verify(split->signature, split->path, 1000, 16) != nullptr);
}

TEST_CASE("URLs stay the same within a period and live at least as long as is configured") {
    const PhotoUrls urls(UrlConfig{}, ring());
    CHECK(url(urls, 10 * kDay + 1) == url(urls, 11 * kDay));
    CHECK(url(urls, 11 * kDay) != url(urls, 11 * kDay + 1));
    for (const std::uint64_t now : {10 * kDay, 10 * kDay + 1, 11 * kDay - 1}) {
        CHECK(urls.rounded_expiry(now) >= now + kDay);
        CHECK(urls.rounded_expiry(now) < now + 2 * kDay);
        CHECK(urls.rounded_expiry(now) % kDay == 0);
    }
}

TEST_CASE("there is a URL for each configured width, below the public URL") {
    UrlConfig config;
    config.public_url = "https://photos.example";
    config.base_sizes = {10, 20};
    const PhotoUrls urls(config, ring());
    CHECK(urls.thumbnails(kPhoto, 1)->size() == 2);
    CHECK(url(urls, 1, "20").starts_with("https://photos.example/t/"));
}

TEST_CASE("with a ladder one signature is good for every width, and for nothing else") {
    UrlConfig config;
    config.has_ladder = true;
    config.base_sizes = {160, 320};
    Ladder ladder;
    REQUIRE(ladder.add("160"));
    REQUIRE(ladder.add("320"));
    const PhotoUrls urls(config, ring());
    const std::string small = url(urls, 1000, "160");
    const std::string large = url(urls, 1000, "320");
    CHECK(replace_all(small, "/w:160/", "/w:320/") == large);
    for (const std::string& path : {small, large}) {
        const auto split = split_signature(std::string_view(path).substr(3));
        REQUIRE(split);
        CHECK(verify_link(ring(), *split, 1000, {.ladder = &ladder}) != nullptr);
        CHECK(verify_link(ring(), *split, 1000, {}) == nullptr);
    }
}

TEST_CASE("a URL has only characters that survive being pasted, and no mark at its end") {
    UrlConfig config;
    config.public_url = "https://photos.example";
    for (const bool has_ladder : {false, true}) {
        config.has_ladder = has_ladder;
        const std::string text = url(PhotoUrls(config, ring()), 1000);
        CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:/.") ==
              std::string::npos);
        CHECK(std::isalnum(static_cast<unsigned char>(text.back())) != 0);
    }
}

TEST_CASE("keys that were read again sign from then on") {
    PhotoUrls urls(UrlConfig{}, ring());
    const std::string before = url(urls, 1);
    urls.set_keys(ring("k2 aa bb\nk1 736563726574 68656c6c6f"));
    CHECK(url(urls, 1) != before);
}

TEST_CASE("without a key that is valid now there is an error, and no unsigned URL") {
    const PhotoUrls urls(UrlConfig{}, ring("k1 736563726574 68656c6c6f not-after=100"));
    CHECK(urls.thumbnails(kPhoto, 100));
    CHECK(urls.thumbnails(kPhoto, 101).error().status == 503);
}
