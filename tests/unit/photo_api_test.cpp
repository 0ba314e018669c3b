// Uploads, listings, links and removals, and whose they are.
#include "backend/photos/photo_api.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;

TEST_CASE("an upload without a session makes one, and answers with the photo and its URLs") {
    PhotoService f;
    const auto response = f.ask("POST", "/api/photos", kJpeg);
    REQUIRE(response);
    CHECK(response->status == 201);
    const auto photo = json::parse(response->body).as_object();
    CHECK(photo.at("width") == 400);
    CHECK(photo.at("height") == 300);
    CHECK(photo.at("format") == "jpeg");
    CHECK(photo.at("bytes") == kJpeg.size());
    CHECK(photo.at("thumbnails").as_object().size() == 5);
    CHECK(find_header(response->headers, "Location") == "/api/photos/" + json::value_to<std::string>(photo.at("id")));
    CHECK(f.owner_cookie.starts_with("__Host-thumbgate="));
    CHECK(f.redis.values.size() == 1);
    CHECK(f.stored_files() == 3);
}

TEST_CASE("an upload, a listing and the photo itself say how it looks") {
    PhotoService f;
    const auto uploaded = f.ask_json("POST", "/api/photos", kJpeg);
    CHECK(uploaded.at("frames") == 3);
    CHECK(uploaded.at("orientation") == 6);
    CHECK(uploaded.at("has_alpha") == false);
    CHECK(uploaded.at("dominant_color") == "#5a0f3c");
    CHECK(uploaded.at("thumbhash") == "+//+EA==");
    CHECK(f.ask_json("GET", "/api/photos/" + json::value_to<std::string>(uploaded.at("id"))) == uploaded);
    CHECK(f.ask_json("GET", "/api/photos").at("photos").as_array().at(0) == uploaded);
}

TEST_CASE("a second upload belongs to the same owner, and two listings are byte for byte the same") {
    PhotoService f;
    const std::string first = f.upload();
    const std::string second = f.upload();
    CHECK(f.redis.values.size() == 1);
    const auto listing = f.ask_json("GET", "/api/photos");
    CHECK(listing.at("photos").as_array().size() == 2);
    CHECK_FALSE(listing.contains("next"));
    CHECK(f.ask("GET", "/api/photos")->body == f.ask("GET", "/api/photos")->body);
    CHECK(f.ask_json("GET", "/api/photos/" + first).at("id") == json::string(first));
}

TEST_CASE("a listing comes in pages of the size that is asked for") {
    PhotoService f;
    f.upload();
    f.upload();
    const auto page = f.ask_json("GET", "/api/photos?limit=1");
    CHECK(page.at("photos").as_array().size() == 1);
    const auto next = f.ask_json("GET", "/api/photos?limit=1&cursor=" + json::value_to<std::string>(page.at("next")));
    CHECK(next.at("photos").as_array().size() == 1);
    CHECK(next.at("photos") != page.at("photos"));
    for (const char* limit : {"0", "201", "-1", "x", ""}) {
        CHECK(f.ask("GET", "/api/photos?limit=" + std::string(limit)).error().status == 400);
    }
}

TEST_CASE("another owner's photo is answered as one that is not there") {
    PhotoService f;
    const std::string photo = f.upload();
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    for (const std::string& target :
         {"/api/photos/" + photo, "/api/photos/" + photo + "/links", "/api/photos/" + new_id()}) {
        const auto response = f.ask("GET", target, "", stranger);
        REQUIRE_FALSE(response);
        CHECK(response.error().status == 404);
        CHECK(response.error().message == "There is no such photo.");
    }
    CHECK(f.ask("DELETE", "/api/photos/" + photo, "", stranger).error().status == 404);
    CHECK(f.ask("POST", "/api/photos/" + photo + "/links", "{\"expires_in\":1}", stranger).error().status == 404);
    CHECK(f.ask("GET", "/api/photos/" + photo));
}

TEST_CASE("without a session there is nothing to list, show, delete or link") {
    PhotoService f;
    const std::string photo = f.upload();
    std::string nobody;
    CHECK(f.ask("GET", "/api/photos", "", nobody).error().status == 401);
    CHECK(f.ask("GET", "/api/photos/" + photo, "", nobody).error().status == 401);
    CHECK(f.ask("DELETE", "/api/photos/" + photo, "", nobody).error().status == 401);
    CHECK(f.ask("GET", "/api/photos/" + photo + "/links", "", nobody).error().status == 401);
}

TEST_CASE("a picture that the converter refuses is not stored, and makes no session") {
    PhotoService f;
    f.pool.error = Error{422, "corrupt", "The picture is damaged."};
    CHECK(f.ask("POST", "/api/photos", kJpeg).error().code == "corrupt");
    CHECK(f.stored_files() == 0);
    CHECK(f.redis.values.empty());
    CHECK(f.owner_cookie.empty());
    CHECK_THAT(f.metrics.text(), contains("thumbgate_backend_uploads_total{result=\"corrupt\"} 1"));
}

TEST_CASE("without Redis an upload is refused before its body is read, and nothing is stored") {
    PhotoService f;
    f.redis.up = false;
    CHECK(f.ask("POST", "/api/photos", kJpeg).error().status == 503);
    CHECK(f.stored_files() == 0);
}

TEST_CASE("a deleted photo is gone from every answer and from the disk") {
    PhotoService f;
    const std::string photo = f.upload();
    CHECK(f.ask("DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.ask("GET", "/api/photos/" + photo).error().status == 404);
    CHECK(f.ask("DELETE", "/api/photos/" + photo).error().status == 404);
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo).error().status == 404);
    CHECK(f.ask_json("GET", "/api/photos").at("photos").as_array().empty());
    CHECK(f.stored_files() == 0);
}

TEST_CASE("a deleted photo is in no list but that of what can be restored, and comes back as it was") {
    PhotoService f(0, false, std::chrono::seconds(600));
    const std::string photo = f.upload();
    const auto before = f.ask_json("GET", "/api/photos/" + photo);
    CHECK(f.ask("DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.ask("GET", "/api/photos/" + photo).error().status == 404);
    CHECK(f.ask_json("GET", "/api/photos").at("photos").as_array().empty());
    const auto deleted = f.ask_json("GET", "/api/photos?deleted=1").at("photos").as_array();
    REQUIRE(deleted.size() == 1);
    const auto& entry = deleted.at(0).as_object();
    CHECK(entry.at("id") == json::string(photo));
    CHECK(entry.at("restorable_until").to_number<std::uint64_t>() ==
          entry.at("deleted_at").to_number<std::uint64_t>() + 600);
    for (int twice = 0; twice < 2; ++twice) {
        CHECK(f.ask_json("POST", "/api/photos/" + photo + "/restore") == before);
    }
    CHECK(f.ask_json("GET", "/api/photos").at("photos").as_array().size() == 1);
    CHECK(f.ask_json("GET", "/api/photos?deleted=1").at("photos").as_array().empty());
}

TEST_CASE("only its owner restores a photo, and only while it can be") {
    PhotoService f(0, false, std::chrono::seconds(600));
    const std::string photo = f.upload();
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    const std::uint64_t now = unix_seconds();
    REQUIRE(f.ask("DELETE", "/api/photos/" + photo));
    const std::string restore = "/api/photos/" + photo + "/restore";
    CHECK(f.ask("POST", restore, "", stranger).error().status == 404);
    CHECK(f.ask("GET", "/api/photos?deleted=1", "", stranger)->body == "{\"photos\":[]}\n");
    std::string nobody;
    CHECK(f.ask("POST", restore, "", nobody).error().status == 401);
    run_coroutine(f.io, f.removals.finish_due(now + 610));
    CHECK(f.removals.waiting() == 1);  // its grace
    run_coroutine(f.io, f.removals.finish_due(now + 700));
    CHECK(f.removals.waiting() == 0);
    CHECK(f.ask("POST", restore).error().status == 404);
    CHECK(f.ask("POST", "/api/photos/nonsense/restore").error().status == 404);
    CHECK(f.stored_files() == 3);  // the stranger's
}

TEST_CASE("a photo that was restored and deleted again has its whole time again") {
    PhotoService f(0, false, std::chrono::seconds(600));
    const std::string photo = f.upload();
    REQUIRE(f.ask("DELETE", "/api/photos/" + photo));
    REQUIRE(f.ask("POST", "/api/photos/" + photo + "/restore"));
    run_coroutine(f.io, f.removals.finish_due(unix_seconds() + 9999));
    CHECK(f.ask("GET", "/api/photos/" + photo));
    REQUIRE(f.ask("DELETE", "/api/photos/" + photo));
    CHECK(f.removals.waiting() == 1);
    CHECK(f.ask("POST", "/api/photos/" + photo + "/restore"));
}

TEST_CASE("files that a deletion could not remove are tried again, and not only by the next start") {
    PhotoService f(0, false, std::chrono::seconds(0));
    const std::string photo = f.upload();
    // In the way of the original's removal.
    const auto folder = f.dir / "photos/photos" / photo.substr(0, 2) / photo.substr(2, 2) / photo;
    const auto original = folder / "original";
    std::filesystem::remove(original);
    std::filesystem::create_directories(original / "x");
    CHECK(f.ask("DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.removals.waiting() == 1);
    std::filesystem::remove_all(original);
    run_coroutine(f.io, f.removals.finish_due(unix_seconds()));
    CHECK(f.removals.waiting() == 0);
    CHECK(f.stored_files() == 0);
}

TEST_CASE("an upload is refused before a byte is read while the disk has too little room") {
    PhotoService f;
    DiskWatch full(f.dir / "photos", f.results, {.uploads_min_free = UINT64_MAX});
    full.look();
    Intake intake({*f.storage, f.photos, f.threads, f.pool, f.sessions, f.owners, f.quotas, f.marks, full},
                  ReceiveLimits{});
    PhotoApi api({f.photos, f.threads, f.callers, f.urls, f.metrics, f.purges, intake, f.removals, f.originals},
                 UploadLimits{});
    f.routes = api.routes();
    const auto refused = f.ask("POST", "/api/photos", kJpeg);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 507);
    CHECK(refused.error().code == "storage_full");
    CHECK(f.bytes_read == 0);
    CHECK(f.stored_files() == 0);
    CHECK_THAT(f.metrics.text(), contains("thumbgate_backend_uploads_total{result=\"storage_full\"} 1"));
}

TEST_CASE("ready means that a conversion works, and one answer does for a second") {
    PhotoService f;
    CHECK(f.ask("GET", "/readyz")->status == 200);
    CHECK(f.ask("GET", "/readyz")->status == 200);
    CHECK(f.pool.conversions.size() == 1);
}

TEST_CASE("a converter that does not work is not ready") {
    PhotoService f;
    f.pool.error = Error{500, "failed", "no"};
    CHECK(f.ask("GET", "/readyz").error().code == "not_ready");
}
