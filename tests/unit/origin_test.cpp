// Which requests another site's page may have made.
#include "backend/http/origin.hpp"

#include "backend/http/bearer.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;

namespace {

Request post(std::vector<Header> headers) {
    Request request;
    request.method = "POST";
    request.headers = std::move(headers);
    request.headers.push_back({"X-Forwarded-Proto", "https"});
    request.headers.push_back({"X-Forwarded-Host", "Photos.example"});
    return request;
}

bool is_refused(const Request& request, std::string_view public_url = "") {
    const auto error = refuse_other_origin(request, public_url);
    if (error) CHECK(error->code == "cross_origin");
    return error.has_value();
}

}  // namespace

TEST_CASE("a change is taken from this site's own pages, and from what is no browser") {
    CHECK_FALSE(is_refused(post({})));
    CHECK_FALSE(is_refused(post({{"Origin", "https://photos.example"}})));
    CHECK_FALSE(is_refused(post({{"Origin", "https://photos.example:443"}})));
    CHECK_FALSE(is_refused(post({{"Origin", "https://photos.example"}, {"Sec-Fetch-Site", "same-origin"}})));
    CHECK_FALSE(is_refused(post({{"Origin", "https://cdn.example"}}), "https://CDN.example/"));
    CHECK_FALSE(is_refused(post({{"Sec-Fetch-Site", "none"}})));
}

TEST_CASE("a change that another site's page asks for is refused") {
    for (const char* origin :
         {"https://evil.example", "http://photos.example", "https://photos.example:8443",
          "https://photos.example.evil.example", "https://www.photos.example", "null", "photos.example", "https://"}) {
        INFO(origin);
        CHECK(is_refused(post({{"Origin", origin}})));
        CHECK(is_refused(post({{"Origin", origin}}), "https://cdn.example"));
    }
    CHECK(is_refused(post({{"Origin", "https://photos.example"}, {"Origin", "https://evil.example"}})));
    CHECK(is_refused(post({{"Sec-Fetch-Site", "cross-site"}})));
    CHECK(is_refused(post({{"Origin", "https://photos.example"}, {"Sec-Fetch-Site", "cross-site"}})));
    CHECK(is_refused(post({{"Origin", "https://evil.example"}, {"Authorization", "Basic dGc6"}})));
}

TEST_CASE("what reads, and what has a key of its own, may come from anywhere") {
    Request read = post({{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}});
    read.method = "GET";
    CHECK_FALSE(is_refused(read));
    read.method = "HEAD";
    CHECK_FALSE(is_refused(read));
    read.method = "DELETE";
    CHECK(is_refused(read));
    const Request keyed = post({{"Origin", "https://evil.example"}, {"Authorization", "bearer  tg_x"}});
    CHECK_FALSE(is_refused(keyed));
    CHECK(bearer_token(keyed) == "tg_x");
    CHECK_FALSE(bearer_token(post({})));
}
