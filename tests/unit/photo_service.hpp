// The photo API and the thumbnails from request to response, on a real folder, with a converter pool and a Redis in
// memory.
#pragma once

#include <boost/json.hpp>

#include "backend/photos/link_api.hpp"
#include "backend/photos/photo_api.hpp"
#include "backend/photos/readiness.hpp"
#include "backend/photos/share_api.hpp"
#include "backend/photos/thumbnails.hpp"
#include "backend/sessions/key_api.hpp"
#include "backend/sessions/session_api.hpp"
#include "backend/storage/file_store.hpp"
#include "backend/storage/storage_threads.hpp"
#include "backend/units.hpp"
#include "contract/secret.hpp"
#include "contract/thumb_url.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/backend_fakes.hpp"

namespace thumbgate::test {

inline const std::string kJpeg = "\xFF\xD8\xFF\xE0" + std::string(100, 'j');

struct PhotoService {
    // `results_max_size`: as of ResultStoreConfig.
    explicit PhotoService(std::uint64_t results_max_size = 0, bool has_fallback = false,
                          std::chrono::seconds undo = std::chrono::seconds(0), QuotaConfig quota_config = {})
        : undo_times{.undo = undo}, results_size(results_max_size), with_fallback(has_fallback), quota(quota_config) {
        REQUIRE(ResultStore::make_folder(results.config()));
    }
    ~PhotoService() {
        threads.close([] {}, after(10s));
    }

    UndoTimes undo_times{};
    std::uint64_t results_size;
    bool with_fallback;
    QuotaConfig quota;
    TempDir dir;
    boost::asio::io_context io{1};
    StorageThreads threads{{.threads = 2}};
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    ResultStore results{ResultStoreConfig{.folder = dir / "results", .max_size = results_size}};
    PhotoStore photos{*storage, &results};
    LinkStore links{*storage};
    DiskWatch disk{dir / "photos", results, DiskLimits{}};
    FakePool pool;
    int not_stored = 0;  // reports
    FakeRedis redis;
    SharedSecret secret{std::string(32, 's')};
    SessionStore session_store{redis};
    Owners owners{*storage, threads};
    ControlFeed feed{redis};
    Purges purges{feed, photos, threads, [](const std::string&, std::string_view) {}};
    RemovalSchedule removals{photos, purges, threads, undo_times, [](const std::string&, std::string_view) {}};
    Sessions sessions{session_store, feed, secret.cookie, SessionConfig{}};
    ApiKeys api_keys{*storage};
    KeyUses key_uses{redis};
    Callers callers{sessions, api_keys, key_uses, threads};
    PhotoUrls urls{UrlConfig{}, *KeyRing::parse("k1 736563726574 68656c6c6f")};
    Metrics metrics{"0", 1};
    UsageIndex usage{photos};
    Quotas quotas{usage, threads, redis, quota};
    UploadMarks marks{*storage, photos};
    Intake intake{IntakeParts{*storage, photos, threads, pool, sessions, owners, quotas, marks, disk}, ReceiveLimits{}};
    Originals originals{photos, threads, OriginalLimits{.max_at_once = 3}};
    PhotoApi api{PhotoParts{photos, threads, callers, urls, metrics, purges, intake, removals, originals},
                 UploadLimits{}};
    SessionApi session_api{
        sessions, owners,
        [this](thumbgate::Request& request, std::string owner) { return quotas.describe(request, std::move(owner)); },
        "https://photos.example"};
    Revocations revocations{feed, links, threads, [](const std::string&, std::string_view) {}};
    LinkCounts counts{redis};
    KeyApi key_api{{sessions, owners, api_keys, key_uses, threads}};
    LinkApi link_api{{callers, photos, links, threads, urls, counts, revocations}};
    ShareApi share_api{{*storage, sessions, photos, links, threads, urls, counts, originals}};
    Pictures pictures{
        PictureParts{io.get_executor(), photos, results, threads, pool, [this](const Error&) { ++not_stored; }}};
    std::unique_ptr<Fallback> fallback = with_fallback ? open_fallback() : nullptr;
    PhotoInfo photo_info{photos, threads};
    Thumbnails thumbnails{pictures, photo_info, std::chrono::seconds(2), fallback.get()};
    std::unique_ptr<Readiness> readiness = std::move(*Readiness::make(io.get_executor(), pool));
    std::vector<Route> routes = all_routes();

    std::unique_ptr<Fallback> open_fallback() {
        write_file(dir / "fallback.jpg", kJpeg);
        auto opened = Fallback::open(io.get_executor(), pool, FallbackConfig{.picture = dir / "fallback.jpg"});
        REQUIRE(opened);
        return std::move(*opened);
    }

    std::vector<Route> all_routes() {
        std::vector<Route> all;
        for (auto part : {api.routes(), link_api.routes(), share_api.routes(), thumbnails.routes(), readiness->routes(),
                          session_api.routes(), key_api.routes()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }

    // As the client with that cookie; an answer's new cookie is kept in it.
    Result<thumbgate::Response> ask(const std::string& method, const std::string& target, const std::string& bytes,
                                    std::string& cookie) {
        FakeBody body(bytes);
        body.announces = announces;
        thumbgate::Request request;
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
        request.headers.insert(request.headers.end(), headers.begin(), headers.end());
        request.identity.client = client;
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
    Result<thumbgate::Response> ask(const std::string& method, const std::string& target,
                                    const std::string& bytes = "") {
        return ask(method, target, bytes, owner_cookie);
    }
    boost::json::object ask_json(const std::string& method, const std::string& target, const std::string& bytes = "") {
        const auto response = ask(method, target, bytes);
        REQUIRE(response);
        return boost::json::parse(response->body).as_object();
    }
    std::string upload() {
        const auto photo = ask_json("POST", "/api/photos", kJpeg);
        return boost::json::value_to<std::string>(photo.at("id"));
    }
    // Of photos: an owner's record is made with their first session.
    std::size_t stored_files() const {
        auto files = files_below(dir / "photos");
        return static_cast<std::size_t>(std::ranges::count_if(files, [](const std::string& f) {
            return !f.starts_with("tmp/") && !f.starts_with("owner_records/") && !f.starts_with("upload_marks/");
        }));
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
    std::vector<Header> headers;  // of every request
    std::string client = "192.0.2.1";
    bool announces = true;  // how long each body is
    std::size_t bytes_read = 0;
};

}  // namespace thumbgate::test
