// Uploads that say what their bytes are, and uploads that may be repeated.
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;

namespace {

constexpr std::uint64_t kDayMs = 24ULL * 3600'000;

std::string content_digest(const std::string& bytes) {
    std::string text = base64url_encode(sha256(bytes));
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    return "sha-256=:" + text + "=:";
}

struct Service : PhotoService {
    Result<thumbgate::Response> upload_as(const std::string& key, const std::string& bytes = kJpeg) {
        headers = {{"Idempotency-Key", key}};
        auto response = ask("POST", "/api/photos", bytes);
        headers.clear();
        return response;
    }
    std::size_t listed() { return ask_json("GET", "/api/photos").at("photos").as_array().size(); }
    std::string owner() { return json::value_to<std::string>(ask_json("GET", "/api/sessions/current").at("owner")); }
    std::string mark_name(const std::string& key) { return upload_mark_name(owner(), key); }
    UploadMark mark(const std::string& key) {
        const auto found = marks.find(mark_name(key), unix_milliseconds());
        REQUIRE(found);
        REQUIRE(*found);
        return **found;
    }
};

std::string id_in(const Result<thumbgate::Response>& response) {
    REQUIRE(response);
    return json::value_to<std::string>(json::parse(response->body).at("id"));
}

}  // namespace

TEST_CASE("a body is stored where it is what its Content-Digest says, as a form too, and refused where it is not") {
    Service f;
    f.headers = {{"Content-Digest", content_digest(kJpeg)}};
    CHECK(f.ask("POST", "/api/photos", kJpeg)->status == 201);
    const auto refused = f.ask("POST", "/api/photos", kJpeg + "x");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 400);
    CHECK(refused.error().code == "digest_mismatch");
    const std::string form = "--b\r\nContent-Disposition: form-data; name=\"photo\"\r\n\r\n" + kJpeg + "\r\n--b--\r\n";
    f.headers = {{"Content-Digest", content_digest(form)}, {"Content-Type", "multipart/form-data; boundary=b"}};
    CHECK(f.ask("POST", "/api/photos", form)->status == 201);
    f.headers.front().value = content_digest(kJpeg);
    CHECK(f.ask("POST", "/api/photos", form).error().code == "digest_mismatch");
    f.headers = {{"Content-Digest", "sha-256=nothing"}};
    CHECK(f.ask("POST", "/api/photos", kJpeg).error().code == "malformed_digest");
    CHECK(f.bytes_read == 0);
    f.headers.clear();
    CHECK(f.listed() == 2);
}

TEST_CASE("an upload that is repeated under its Idempotency-Key is answered with the first photo") {
    Service f;
    f.upload();
    const auto first = f.upload_as("key-1");
    const auto again = f.upload_as("key-1");
    CHECK(id_in(first) == id_in(again));
    CHECK(again->status == first->status);
    CHECK(again->body == first->body);
    CHECK(f.listed() == 2);
    CHECK(id_in(f.upload_as("key-2")) != id_in(first));
    CHECK(f.listed() == 3);
    CHECK_THAT(f.metrics.text(), contains("thumbgate_backend_uploads_total{result=\"repeated\"} 1"));
}

TEST_CASE("the first upload of all may be repeated as well, by whoever kept its cookie") {
    Service f;
    const auto first = f.upload_as("key-1");
    CHECK(id_in(f.upload_as("key-1")) == id_in(first));
    f.owner_cookie.clear();
    CHECK(id_in(f.upload_as("key-1")) != id_in(first));
}

TEST_CASE("an Idempotency-Key that was used with another picture is refused") {
    Service f;
    f.upload();
    f.upload_as("key-1");
    const auto refused = f.upload_as("key-1", kJpeg + "x");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 422);
    CHECK(refused.error().code == "idempotency_key_reused");
    CHECK(f.listed() == 2);
}

TEST_CASE("an Idempotency-Key is 1 to 128 visible characters") {
    Service f;
    f.upload();
    for (const std::string& key : {std::string(), std::string(129, 'k'), std::string("a b"), std::string("\xC3\xA4")}) {
        CHECK(f.upload_as(key).error().code == "bad_idempotency_key");
        CHECK(f.bytes_read == 0);
    }
    CHECK(f.upload_as(std::string(128, '~')));
}

TEST_CASE("two owners may use the same Idempotency-Key") {
    Service f;
    f.upload();
    const auto mine = f.upload_as("key-1");
    f.owner_cookie.clear();
    f.upload();
    CHECK(id_in(f.upload_as("key-1")) != id_in(mine));
}

TEST_CASE("a repetition is answered where the owner's quota is used up by then") {
    PhotoService full(0, false, std::chrono::seconds(0),
                      {.owner_bytes = 0, .owner_photos = 1, .address_bytes = 0, .address_photos = 0});
    full.headers = {{"Idempotency-Key", "k"}};
    const std::string photo = full.upload();
    CHECK(full.upload() == photo);
    full.headers.clear();
    CHECK(full.ask("POST", "/api/photos", kJpeg).error().code == "quota");
}

TEST_CASE("a photo that was deleted does not come back by a repetition") {
    Service f;
    f.upload();
    const std::string photo = id_in(f.upload_as("key-1"));
    REQUIRE(f.ask("DELETE", "/api/photos/" + photo));
    const auto refused = f.upload_as("key-1");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 410);
    CHECK(refused.error().code == "photo_deleted");
    CHECK(f.listed() == 1);
}

TEST_CASE(
    "an upload that was cut off anywhere becomes one photo when it is repeated, under the id that it was to have") {
    Service f;
    f.upload();
    const std::string photo = id_in(f.upload_as("key-1"));
    UploadMark mark = f.mark("key-1");
    CHECK(mark.is_done);
    mark.is_done = false;
    REQUIRE(f.marks.put(f.mark_name("key-1"), mark));
    SECTION("before the photo was recorded") {
        REQUIRE(f.storage->remove("photos/" + photo + "/record"));
    }
    SECTION("before a byte of it was stored") {
        REQUIRE(f.photos.take_back(**f.photos.find(photo)));
    }
    SECTION("before its mark said that it is done") {}
    CHECK(id_in(f.upload_as("key-1")) == photo);
    CHECK(f.listed() == 2);
    CHECK(f.ask_json("GET", "/api/sessions/current").at("quota").at("photos").at("used") == 2);
}

TEST_CASE("an Idempotency-Key means nothing after a day, and what it left unfinished goes with it") {
    Service f;
    f.upload();
    const std::string photo = id_in(f.upload_as("key-1"));
    const std::string unfinished = id_in(f.upload_as("key-2"));
    UploadMark mark = f.mark("key-2");
    mark.is_done = false;
    REQUIRE(f.marks.put(f.mark_name("key-2"), mark));
    REQUIRE(f.storage->remove("photos/" + unfinished + "/record"));
    const std::uint64_t now = unix_milliseconds();
    CHECK(*f.marks.sweep(now, 100) == 0);
    CHECK_FALSE(*f.marks.find(f.mark_name("key-1"), now + kDayMs + 1000));
    CHECK(*f.marks.sweep(now + kDayMs + 1000, 1) == 1);
    CHECK(*f.marks.sweep(now + kDayMs + 1000, 100) == 1);
    CHECK_FALSE(*f.storage->contains("photos/" + unfinished + "/original"));
    CHECK(f.ask("GET", "/api/photos/" + photo));
    CHECK(f.stored_files() == 6);
    CHECK(id_in(f.upload_as("key-1")) != photo);
}

TEST_CASE("an Idempotency-Key is claimed by one upload at a time") {
    UploadClaims claims;
    auto first = claims.claim("name");
    CHECK(first);
    CHECK_FALSE(claims.claim("name"));
    CHECK(claims.claim("other"));
    first.reset();
    CHECK(claims.claim("name"));
}
