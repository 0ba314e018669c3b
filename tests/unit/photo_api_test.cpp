// The photo API from request to response, on a real folder, with a converter pool and a Redis in memory.
#include "backend/photos/photo_api.hpp"

#include <boost/json.hpp>

#include "backend/photos/link_api.hpp"
#include "backend/photos/readiness.hpp"
#include "backend/photos/thumbnails.hpp"
#include "backend/storage/file_store.hpp"
#include "backend/units.hpp"
#include "contract/secret.hpp"
#include "contract/thumb_url.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;
using Wanted = thumbgate::Request;
using Answer = thumbgate::Response;

namespace {

const std::string kJpeg = "\xFF\xD8\xFF\xE0" + std::string(100, 'j');

struct Fixture {
    // `results_max_size`: as of ResultStoreConfig.
    explicit Fixture(std::uint64_t results_max_size = 0) : results_size(results_max_size) {
        REQUIRE(ResultStore::make_folder(results.config()));
    }
    ~Fixture() { threads.join(); }

    std::uint64_t results_size;
    TempDir dir;
    boost::asio::io_context io{1};
    StorageThreads threads{{.threads = 2}};
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    ResultStore results{ResultStoreConfig{.folder = dir / "results", .max_size = results_size}};
    PhotoStore photos{*storage, &results};
    DiskWatch disk{dir / "photos", results, DiskLimits{}};
    FakePool pool;
    int not_stored = 0;  // reports
    FakeRedis redis;
    SharedSecret secret{std::string(32, 's')};
    SessionStore session_store{redis};
    ControlFeed feed{redis};
    Purges purges{feed, photos, threads, [](const std::string&, std::string_view) {}};
    Sessions sessions{session_store, feed, secret.cookie, SessionConfig{}};
    PhotoUrls urls{UrlConfig{}, *KeyRing::parse("k1 736563726574 68656c6c6f")};
    Metrics metrics{"0", 1};
    PhotoApi api{PhotoParts{*storage, photos, threads, pool, sessions, urls, metrics, purges, disk}, UploadLimits{}};
    LinkApi link_api{sessions, photos, threads, urls};
    Pictures pictures{
        PictureParts{io.get_executor(), photos, results, threads, pool, [this](const Error&) { ++not_stored; }}};
    Thumbnails thumbnails{pictures, std::chrono::seconds(2)};
    std::unique_ptr<Readiness> readiness = std::move(*Readiness::make(io.get_executor(), pool));
    std::vector<Route> routes = all_routes();

    std::vector<Route> all_routes() {
        std::vector<Route> all;
        for (auto part : {api.routes(), link_api.routes(), thumbnails.routes(), readiness->routes()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }

    // As the client with that cookie; an answer's new cookie is kept in it.
    Result<Answer> ask(const std::string& method, const std::string& target, const std::string& bytes,
                       std::string& cookie) {
        FakeBody body(bytes);
        Wanted request;
        request.method = method;
        request.target = target;
        request.path = target.substr(0, target.find('?'));
        request.query = target.substr(std::min(request.path.size() + 1, target.size()));
        request.body = &body;
        if (!cookie.empty()) {
            request.headers.push_back({"Cookie", cookie});
            request.identity.session =
                find_session_token(secret.cookie, cookie, kSecureCookieName, unix_seconds())->hash();
        }
        if (!if_none_match.empty()) request.headers.push_back({"If-None-Match", if_none_match});
        const Router router(routes);
        auto match = router.match(method, request.path);
        REQUIRE(match.route != nullptr);
        request.parameters = match.parameters;
        auto response = run_coroutine(io, match.route->handler(request));
        bytes_read = body.read();
        if (response) {
            const std::string_view set = find_header(response->headers, "Set-Cookie");
            if (!set.empty()) cookie = set.substr(0, set.find(';'));
        }
        return response;
    }
    Result<Answer> ask(const std::string& method, const std::string& target, const std::string& bytes = "") {
        return ask(method, target, bytes, owner_cookie);
    }
    json::object ask_json(const std::string& method, const std::string& target, const std::string& bytes = "") {
        const auto response = ask(method, target, bytes);
        REQUIRE(response);
        return json::parse(response->body).as_object();
    }
    std::string upload() {
        const auto photo = ask_json("POST", "/api/photos", kJpeg);
        return json::value_to<std::string>(photo.at("id"));
    }
    std::size_t stored_files() const {
        auto files = files_below(dir / "photos");
        return static_cast<std::size_t>(
            std::ranges::count_if(files, [](const std::string& f) { return !f.starts_with("tmp/"); }));
    }

    // Asks until the answer is of that type and freshness: what is made in the background takes its time.
    bool settles(const std::string& target, std::string_view type, std::string_view freshness = "max-age=2592000") {
        return wait_until(10s, [&] {
            const auto response = ask("GET", target);
            return response && find_header(response->headers, "Content-Type") == type &&
                   find_header(response->headers, "Cache-Control") == freshness;
        });
    }

    std::string owner_cookie;
    std::string if_none_match;
    std::size_t bytes_read = 0;
};

}  // namespace

TEST_CASE("an upload without a session makes one, and answers with the photo and its URLs") {
    Fixture f;
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

TEST_CASE("a second upload belongs to the same owner, and two listings are byte for byte the same") {
    Fixture f;
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
    Fixture f;
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
    Fixture f;
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
    Fixture f;
    const std::string photo = f.upload();
    std::string nobody;
    CHECK(f.ask("GET", "/api/photos", "", nobody).error().status == 401);
    CHECK(f.ask("GET", "/api/photos/" + photo, "", nobody).error().status == 401);
    CHECK(f.ask("DELETE", "/api/photos/" + photo, "", nobody).error().status == 401);
    CHECK(f.ask("GET", "/api/photos/" + photo + "/links", "", nobody).error().status == 401);
}

TEST_CASE("a picture that the converter refuses is not stored, and makes no session") {
    Fixture f;
    f.pool.error = Error{422, "corrupt", "The picture is damaged."};
    CHECK(f.ask("POST", "/api/photos", kJpeg).error().code == "corrupt");
    CHECK(f.stored_files() == 0);
    CHECK(f.redis.values.empty());
    CHECK(f.owner_cookie.empty());
    CHECK_THAT(f.metrics.text(), contains("thumbgate_backend_uploads_total{result=\"corrupt\"} 1"));
}

TEST_CASE("without Redis an upload is refused before its body is read, and nothing is stored") {
    Fixture f;
    f.redis.up = false;
    CHECK(f.ask("POST", "/api/photos", kJpeg).error().status == 503);
    CHECK(f.stored_files() == 0);
}

TEST_CASE("a deleted photo is gone from every answer and from the disk") {
    Fixture f;
    const std::string photo = f.upload();
    REQUIRE(f.ask("POST", "/api/photos/" + photo + "/links", "{\"expires_in\":60}"));
    CHECK(f.ask("DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.ask("GET", "/api/photos/" + photo).error().status == 404);
    CHECK(f.ask("DELETE", "/api/photos/" + photo).error().status == 404);
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo).error().status == 404);
    CHECK(f.ask_json("GET", "/api/photos").at("photos").as_array().empty());
    CHECK(f.stored_files() == 0);
}

TEST_CASE("a link ends when it says, and is listed with its URL") {
    Fixture f;
    const std::string photo = f.upload();
    const std::string target = "/api/photos/" + photo + "/links";
    const auto link = f.ask_json("POST", target, "{\"expires_in\":\"1h\",\"width\":200}");
    const auto expires = link.at("expires").to_number<std::uint64_t>();
    CHECK(expires >= unix_seconds() + 3599);
    CHECK_THAT(json::value_to<std::string>(link.at("url")), contains("/exp:" + std::to_string(expires) + "/w:200/"));
    const auto links = f.ask_json("GET", target).at("links").as_array();
    REQUIRE(links.size() == 1);
    CHECK(links.at(0).as_object() == link);
    CHECK(read_file(f.dir / "photos" / files_below(f.dir / "photos").at(0)).find("/t/") == std::string::npos);
}

TEST_CASE("a link request that is wrong or too long makes no link") {
    Fixture f;
    const std::string target = "/api/photos/" + f.upload() + "/links";
    CHECK(f.ask("POST", target, "{}").error().status == 400);
    CHECK(f.ask("POST", target, std::string(20'000, ' ')).error().status == 413);
    CHECK(f.ask_json("GET", target).at("links").as_array().empty());
}

TEST_CASE("a thumbnail is what the canonical form describes, for shared caches to keep") {
    Fixture f;
    const std::string form = "w:160/f:webp/plain/photo://" + f.upload();
    const auto response = f.ask("GET", "/thumb/" + form);
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK_THAT(response->body, contains("picture of " + form));
    CHECK(find_header(response->headers, "Content-Type") == "image/webp");
    CHECK(find_header(response->headers, "Cache-Control") == "max-age=2592000");
    for (const char* none : {"Vary", "Set-Cookie", "X-Request-ID", "Last-Modified"}) {
        CHECK(find_header(response->headers, none).empty());
    }
}

TEST_CASE("a thumbnail that the asker has is 304, with the same tag") {
    Fixture f;
    const std::string target = "/thumb/w:160/f:webp/plain/photo://" + f.upload();
    const std::string etag(find_header(f.ask("GET", target)->headers, "ETag"));
    CHECK(etag.size() == 34);
    f.if_none_match = "\"other\", W/" + etag;
    const auto response = f.ask("GET", target);
    CHECK(response->status == 304);
    CHECK(response->body.empty());
    CHECK(find_header(response->headers, "ETag") == etag);
    f.if_none_match = "\"other\"";
    CHECK(f.ask("GET", target)->status == 200);
}

TEST_CASE("a photo that is deleted while it is converted is not served") {
    Fixture f;
    const std::string photo = f.upload();
    f.pool.before_answer = [&] { REQUIRE(f.photos.remove(**f.photos.find(photo))); };
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo).error().status == 404);
}

TEST_CASE("a thumbnail is converted once, and from then on it is read") {
    Fixture f(1 << 20);
    const std::string photo = f.upload();
    const std::string target = "/thumb/w:160/f:jpeg/plain/photo://" + photo;
    const auto made = f.ask("GET", target);
    const auto stored = f.ask("GET", target);
    REQUIRE(made);
    REQUIRE(stored);
    CHECK(f.pool.conversions.size() == 1);
    CHECK(stored->body == made->body);
    for (const char* name : {"Content-Type", "Cache-Control", "ETag"}) {
        CHECK(find_header(stored->headers, name) == find_header(made->headers, name));
    }
    REQUIRE(f.ask("DELETE", "/api/photos/" + photo)->status == 204);
    CHECK(f.ask("GET", target).error().status == 404);
    CHECK(files_below(f.dir / "results").empty());
}

TEST_CASE("the results of a photo that is deleted while it is converted are not kept") {
    Fixture f(1 << 20);
    const std::string photo = f.upload();
    f.pool.before_answer = [&] { REQUIRE(f.photos.remove(**f.photos.find(photo))); };
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo).error().status == 404);
    CHECK(files_below(f.dir / "results").empty());
}

TEST_CASE("where results cannot be stored, thumbnails are served all the same, and it is said once") {
    Fixture f(1 << 20);
    const std::string photo = f.upload();
    std::filesystem::remove_all(f.dir / "results");
    write_file(f.dir / "results", "no folder");
    CHECK(f.ask("GET", "/thumb/w:1/f:jpeg/plain/photo://" + photo)->status == 200);
    CHECK(f.ask("GET", "/thumb/w:2/f:jpeg/plain/photo://" + photo)->status == 200);
    CHECK(f.results.counts().failed == 2);
    CHECK(f.not_stored == 1);
}

TEST_CASE("a negotiated AVIF is answered at once by the next best format, for a moment, until it is there") {
    Fixture f(1 << 20);
    const std::string photo = f.upload();
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + photo;
    const auto interim = f.ask("GET", target);
    REQUIRE(interim);
    CHECK(find_header(interim->headers, "Content-Type") == "image/webp");
    CHECK(find_header(interim->headers, "Cache-Control") == "max-age=2");
    CHECK(find_header(interim->headers, "X-Accel-Expires") == "2");
    CHECK(find_header(interim->headers, "Thumb-Interim") == "2");
    REQUIRE(f.settles(target, "image/avif"));
    const auto avif = f.ask("GET", target);
    CHECK(find_header(avif->headers, "Cache-Control") == "max-age=2592000");
    for (const char* name : {"X-Accel-Expires", "Thumb-Interim"}) CHECK(find_header(avif->headers, name).empty());
    CHECK(f.thumbnails.interims() >= 1);
    CHECK(f.pool.conversions.size() == 2);

    // Who takes WebP alone shares it, as what it is to them: for good.
    const auto webp = f.ask("GET", "/thumb/w:160/accept:webp/plain/photo://" + photo);
    CHECK(webp->body == interim->body);
    CHECK(find_header(webp->headers, "Cache-Control") == "max-age=2592000");
    CHECK(find_header(webp->headers, "ETag") != find_header(interim->headers, "ETag"));
    CHECK(f.pool.conversions.size() == 2);
}

TEST_CASE("who takes AVIF and no WebP has JPEG for the moment") {
    Fixture f(1 << 20);
    const std::string target = "/thumb/w:160/accept:avif/plain/photo://" + f.upload();
    CHECK(find_header(f.ask("GET", target)->headers, "Content-Type") == "image/jpeg");
    CHECK(f.settles(target, "image/avif"));
}

TEST_CASE("an AVIF that is named, or could not be kept, is waited for") {
    Fixture f(1 << 20);
    const std::string photo = f.upload();
    const auto named = f.ask("GET", "/thumb/w:160/f:avif/plain/photo://" + photo);
    CHECK(find_header(named->headers, "Content-Type") == "image/avif");
    CHECK(find_header(named->headers, "Thumb-Interim").empty());
    f.results.set_shedding(true);
    const auto shed = f.ask("GET", "/thumb/w:161/accept:avif+webp/plain/photo://" + photo);
    CHECK(find_header(shed->headers, "Content-Type") == "image/avif");
    Fixture off;
    const auto without = off.ask("GET", "/thumb/w:160/accept:avif+webp/plain/photo://" + off.upload());
    CHECK(find_header(without->headers, "Content-Type") == "image/avif");
    CHECK(find_header(without->headers, "Cache-Control") == "max-age=2592000");
}

TEST_CASE("where the AVIF cannot be made, what stood in for it is good for as long as any") {
    Fixture f(1 << 20);
    const std::string photo = f.upload();
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + photo;
    f.pool.avif_error = Error{422, "too_large", "no"};
    const std::string etag(find_header(f.ask("GET", target)->headers, "ETag"));
    CHECK(f.settles(target, "image/webp", "max-age=2592000"));
    // A cache that asks whether its interim is still the same must hear that it is none any more.
    f.if_none_match = etag;
    CHECK(f.ask("GET", target)->status == 200);
    const std::size_t tried = f.pool.conversions.size();
    f.ask("GET", target);
    CHECK(f.pool.conversions.size() == tried);
}

TEST_CASE("an AVIF that an overload prevented is tried again") {
    Fixture f(1 << 20);
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + f.upload();
    f.pool.avif_error = Error{503, "queue_full", "no"};
    CHECK(find_header(f.ask("GET", target)->headers, "Thumb-Interim") == "2");
    REQUIRE(wait_until(10s, [&] { return f.ask("GET", target) && f.pool.avifs >= 2; }));
    f.pool.avif_error.reset();
    CHECK(f.settles(target, "image/avif"));
}

TEST_CASE("a picture that cannot be converted has no interim either") {
    Fixture f(1 << 20);
    const std::string target = "/thumb/w:160/accept:avif+webp/plain/photo://" + f.upload();
    f.pool.error = Error{422, "corrupt", "no"};
    CHECK(f.ask("GET", target).error().code == "corrupt");
}

TEST_CASE("an upload is refused before a byte is read while the disk has too little room") {
    Fixture f;
    DiskWatch full(f.dir / "photos", f.results, {.uploads_min_free = UINT64_MAX});
    full.look();
    PhotoApi api({*f.storage, f.photos, f.threads, f.pool, f.sessions, f.urls, f.metrics, f.purges, full},
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

TEST_CASE("any other spelling than the canonical one, and any other source, converts nothing") {
    Fixture f;
    const std::string photo = f.upload();
    CHECK(f.ask("GET", "/thumb/f:webp/w:1/plain/photo://" + photo).error().status == 400);
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/photo://" + photo + "?x").error().status == 400);
    CHECK(f.ask("GET", "/thumb/").error().status == 400);
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/https://example.com/a.jpg").error().code == "source_not_configured");
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/local:///etc/passwd").error().code == "source_not_configured");
    CHECK(f.ask("GET", "/thumb/w:1/f:webp/plain/photo://../../secret").error().code == "no_such_photo");
    CHECK(f.pool.conversions.empty());
}

TEST_CASE("an entity tag is found in a list, weak or strong") {
    CHECK(names_etag("\"a\"", "\"a\""));
    CHECK(names_etag(" W/\"b\" ,\t\"a\"", "\"a\""));
    CHECK(names_etag("*", "\"a\""));
    CHECK_FALSE(names_etag("", "\"a\""));
    CHECK_FALSE(names_etag("\"ab\", a", "\"a\""));
}

TEST_CASE("ready means that a conversion works, and one answer does for a second") {
    Fixture f;
    CHECK(f.ask("GET", "/readyz")->status == 200);
    CHECK(f.ask("GET", "/readyz")->status == 200);
    CHECK(f.pool.conversions.size() == 1);
}

TEST_CASE("a converter that does not work is not ready") {
    Fixture f;
    f.pool.error = Error{500, "failed", "no"};
    CHECK(f.ask("GET", "/readyz").error().code == "not_ready");
}
