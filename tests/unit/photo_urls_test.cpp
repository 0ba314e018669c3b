// The URLs that answers carry: signed, and the same in two listings.
#include "backend/photos/photo_urls.hpp"

#include <boost/json.hpp>

#include "contract/canonical.hpp"
#include "contract/thumb_url.hpp"
#include "tests/support/catch.hpp"

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
