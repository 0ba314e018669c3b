// docs/openapi.yaml against the running service, both ways: every route is documented and every documented one is
// there; every answer is documented as it comes, and every documented answer that a client can provoke has come.
#include <algorithm>
#include <set>

#include "tests/support/bombs.hpp"
#include "tests/support/judged_api.hpp"
#include "tests/support/programs.hpp"

using namespace thumbgate::test;
using thumbgate::apidocs::ApiDocument;
using thumbgate::apidocs::Operation;

namespace {

// Documented answers that nothing here provokes, by a part of their names, and why.
struct Unprovoked {
    std::string_view part;
    std::string_view reason;
};
constexpr Unprovoked kUnprovoked[] = {
    {" 500", "nothing that a client does leads to it"},
    {" 507", "a disk that is full to its last byte; disk_test.cpp"},
    {" 504", "the backend answers in time, if only by 503"},
    {"session_mismatch", "edge and backend are configured alike"},
    {"too_many_links", "2,000 links take minutes"},
    {"too_much_memory", "it takes seconds of a converter; bombs_test.cpp"},
    {"422 timeout", "it takes seconds of a converter; bombs_test.cpp"},
    {"422 crash", "no picture is known that breaks a converter; quarantine_test.cpp plants the fault"},
    {"422 quarantined", "the same"},
    {"415 unsupported", "what has the first bytes of a picture is read as one, or is corrupt"},
    {"/t/{signature}/{link} 415 no_codec", "Debian's libvips makes every format"},
    {"/t/{signature}/{link} 422 corrupt", "an upload is decoded before it is a photo"},
    {"/t/{signature}/{link} 422 no_size", "the same"},
    {"/t/{signature}/{link} 422 too_many", "limits are not lowered here between upload and thumbnail"},
    {"/t/{signature}/{link} 422 too_much_metadata", "the same"},
    {"/t/{signature}/{link} 422 side_too_long", "the same"},
    {"forbidden_source", "conf/nginx.conf has no thumb_sources"},
    {"/readyz 503", "conversions work; readiness_test.cpp"},
    {"/metrics/backend 503", "metrics are always there"},
};

// A part of it, and then nothing more.
std::string cut_off() {
    return read_file(photos::storm().path).substr(0, 200'000);
}

std::string padded(std::string bytes) {
    return bytes + std::string(64, '\0');
}

void refuse_pictures(JudgedApi& api) {
    CHECK(api.upload("").status == 400);
    CHECK(api.upload("this is text, and a little longer than the first bytes of any picture").status == 415);
    CHECK(api.upload(padded("\x1f\x8b\x08")).status == 415);
    CHECK(api.upload(padded(std::string("\0\0\0\x20", 4) + "ftypisom")).status == 415);
    CHECK(api.upload(cut_off()).status == 422);
    CHECK(api.upload(bombs::png(2500, 2500)).status == 422);
    CHECK(api.upload(bombs::png(3500, 10)).status == 422);
    CHECK(api.upload(bombs::gif(10, 10, 5)).status == 422);
    CHECK(api.upload(bombs::jpeg_of_scans(64, 100)).status == 422);
    CHECK(api.upload(bombs::jpeg_of_comments(200)).status == 422);
    CHECK(api.upload(bombs::jpeg(100, 100) + std::string(2'200'000, '\0')).status == 413);
    CHECK(api.upload(bombs::svg_of_groups(1000)).status == 413);
    api.stack.edge().expect_log("too large body");
    CHECK(api.upload(std::string(3'500'000, '\0')).status == 413);  // by the edge
    CHECK(api.upload("<svg xmlns=\"http://www.w3.org/2000/svg\"><rect width=\"10\" height=\"10\"/></svg>").status ==
          422);
}

void refuse_forms(JudgedApi& api) {
    const FormPart photo{.name = "photo", .file = photos::flower().path};
    CHECK(api.send_form({{.name = "picture", .file = photos::flower().path}}).status == 400);
    CHECK(api.send_form({photo, photo}).status == 400);
    CHECK(api.send_form({{.name = "note", .content = std::string(200'000, 'x')}, photo}).status == 413);
    CHECK(api.upload("x", nullptr, {{"Content-Type", "multipart/form-data"}}).status == 400);
}

void repeat_uploads(JudgedApi& api, CookieJar& jar) {
    const std::string picture = read_file(photos::flower().path);
    const std::string wrong = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    CHECK(api.upload(picture, &jar, {{"Content-Digest", "sha-256=x"}}).status == 400);
    CHECK(api.upload(picture, &jar, {{"Content-Digest", wrong}}).status == 400);
    CHECK(api.upload(picture, &jar, {{"Idempotency-Key", "k k"}}).status == 400);
    const Headers key{{"Idempotency-Key", "holiday-1"}};
    const std::string id = JudgedApi::id_in(api.upload(picture, &jar, key));
    CHECK(JudgedApi::id_in(api.upload(picture, &jar, key)) == id);
    CHECK(api.upload(read_file(photos::meadow().path), &jar, key).status == 422);
    CHECK(api.remove("/api/photos/" + id, &jar).status == 204);
    CHECK(api.upload(picture, &jar, key).status == 410);
}

// Of several at once all but one are told to wait, if they meet.
void upload_at_once(JudgedApi& api, const CookieJar& jar) {
    const bool met = wait_until(60s, [&] {
        std::vector<CookieJar> jars(6, jar);
        std::vector<Request> requests;
        for (CookieJar& own : jars) {
            requests.push_back({.url = api.stack.url("/api/photos"),
                                .method = "POST",
                                .headers = {{"Idempotency-Key", "at-once"}, {"X-Client", api.next_client()}},
                                .body = cut_off(),
                                .jar = &own});
        }
        bool refused = false;
        for (const Response& response : fetch_at_once(requests)) {
            api.take_note(requests.front(), response);
            refused = refused || response.status == 409;
        }
        return refused;
    });
    CHECK(met);
}

void exceed_quotas(JudgedApi& api, CookieJar& jar) {
    const std::string picture = read_file(photos::flower().path);
    CHECK(wait_until(60s, [&] { return api.upload(picture, &jar).status == 403; }));
    const Headers same{{"X-Client", "10.9.9.9"}};
    CHECK(wait_until(60s, [&] { return api.upload(picture, nullptr, same).status == 403; }));
}

void list_photos(JudgedApi& api, CookieJar& jar) {
    const Response first = api.get("/api/photos?limit=1", &jar);
    const std::string next = text_at(parse_json(first.body), "next");
    CHECK_FALSE(next.empty());
    CHECK(api.get("/api/photos?limit=50&cursor=" + next, &jar).status == 200);
    CHECK_THAT(api.get("/api/photos?deleted=1", &jar).body, contains("restorable_until"));
    CHECK(api.get("/api/photos?limit=0", &jar).status == 400);
    CHECK(api.get("/api/photos?cursor=x", &jar).status == 400);
    CHECK(api.get("/api/photos").status == 401);
}

void use_photo(JudgedApi& api, CookieJar& jar) {
    const std::string photo = "/api/photos/" + JudgedApi::id_in(api.upload(read_file(photos::flower().path), &jar));
    CHECK(api.get(photo, &jar).status == 200);
    CHECK(api.ask({.url = photo, .method = "HEAD", .jar = &jar}).status == 200);
    CHECK(api.remove(photo, &jar, kFromElsewhere).status == 403);
    CHECK(api.remove(photo, &jar).status == 204);
    CHECK(api.post(photo + "/restore", "", &jar, kFromElsewhere).status == 403);
    CHECK(api.post(photo + "/restore", "", &jar).status == 200);
    const std::string absent = "/api/photos/" + kNoId;
    for (CookieJar* who : {&jar, static_cast<CookieJar*>(nullptr)}) {
        const int status = who == nullptr ? 401 : 404;
        CHECK(api.get(absent, who).status == status);
        CHECK(api.remove(absent, who).status == status);
        CHECK(api.post(absent + "/restore", "", who).status == status);
        CHECK(api.get(absent + "/links", who).status == status);
        CHECK(api.post(absent + "/links", R"({"expires_in": "1h"})", who).status == status);
    }
    CHECK(api.upload("x", &jar, kFromElsewhere).status == 403);
}

void make_links(JudgedApi& api, CookieJar& jar, const std::string& photo) {
    const std::string of_photo = "/api/photos/" + photo + "/links";
    for (const char* example : {"named", "bound"}) {
        const std::string body = documented_body("POST", "/api/photos/{id}/links", example);
        CHECK(api.post(of_photo, body, &jar).status == 201);
    }
    json::value wanted = parse_json(documented_body("POST", "/api/links", "album"));
    wanted.at("photos").as_array().at(0) = photo;
    const std::string album = serialize(wanted);
    const std::string link = JudgedApi::id_in(api.post("/api/links", album, &jar));
    const std::string of_nobody = R"({"expires_in": "1h", "photos": [")" + kNoId + "\"]}";
    CHECK(api.post("/api/links", of_nobody, &jar).status == 404);
    for (const std::string& target : {of_photo, std::string("/api/links")}) {
        CHECK(api.get(target, &jar).status == 200);
        CHECK(api.get(target).status == 401);
        CHECK(api.post(target, R"({"expires_in": "soon"})", &jar).status == 400);
        CHECK(api.post(target, std::string(40'000, ' '), &jar).status == 413);
        CHECK(api.post(target, album, &jar, kFromElsewhere).status == 403);
    }
    CHECK(api.post("/api/links", album).status == 401);
    CHECK(api.remove("/api/links/" + link).status == 401);
    CHECK(api.remove("/api/links/" + link, &jar, kFromElsewhere).status == 403);
    CHECK(api.remove("/api/links/" + link, &jar).status == 204);
    CHECK(api.remove("/api/links/" + link, &jar).status == 404);
}

void use_sessions(JudgedApi& api, CookieJar& jar) {
    CHECK(api.get("/api/sessions/current", &jar).status == 200);
    CHECK(api.get("/api/sessions/current").status == 401);
    CHECK(api.get("/api/sessions").status == 401);
    CHECK(api.post("/api/sessions/recovery", "").status == 401);
    CHECK(api.post("/api/sessions/recovery", "", &jar, kFromElsewhere).status == 403);
    const Response recovery = api.post("/api/sessions/recovery", "", &jar);
    const std::string secret = text_at(parse_json(recovery.body), "secret");
    CookieJar other;
    CHECK(api.post("/api/sessions", "{", &other).status == 400);
    CHECK(api.post("/api/sessions", R"({"recovery": 1})", &other).status == 400);
    CHECK(api.post("/api/sessions", R"({"recovery": "x"})", &other).status == 403);
    CHECK(api.post("/api/sessions", "", &other, kFromElsewhere).status == 403);
    CHECK(api.post("/api/sessions", std::string(20'000, ' '), &other).status == 413);
    CookieJar empty;
    CHECK(api.post("/api/sessions", "", &empty).status == 201);
    CHECK(api.post("/api/sessions/recovery", "", &empty).status == 409);
    CHECK(api.post("/api/sessions", R"({"recovery": ")" + secret + "\"}", &other).status == 201);
    std::string id;
    const json::array sessions = parse_json(api.get("/api/sessions", &jar).body).at("sessions").as_array();
    for (const json::value& session : sessions) {
        if (!session.at("is_current").as_bool()) id = text_at(session, "id");
    }
    CHECK(api.remove("/api/sessions/" + id).status == 401);
    CHECK(api.remove("/api/sessions/" + id, &jar, kFromElsewhere).status == 403);
    CHECK(api.remove("/api/sessions/" + id, &jar).status == 204);
    CHECK(api.remove("/api/sessions/" + id, &jar).status == 404);
    CHECK(api.remove("/api/sessions/current", &jar, kFromElsewhere).status == 403);
    CHECK(api.remove("/api/sessions/current", &other).status == 204);
}

void use_keys(JudgedApi& api, CookieJar& jar, const std::string& photo) {
    const std::string body = documented_body("POST", "/api/keys", "named");
    const Response made = api.post("/api/keys", body, &jar);
    const std::string key = "/api/keys/" + JudgedApi::id_in(made);
    const Headers with_key{{"Authorization", "Bearer " + text_at(parse_json(made.body), "key")}};
    const Headers with_wrong{{"Authorization", "Bearer tg_" + std::string(43, 'A')}};
    const ApiDocument& document = ApiContract::of_repository().document();
    for (const Operation& operation : document.operations()) {
        if (!operation.path.starts_with("/api/") || operation.value->if_contains("security") == nullptr) continue;
        const std::string target = with_ids(operation.path, kNoId);
        const bool takes_keys = serialize(operation.value->at("security")).find("key") != std::string::npos;
        const Request request{.url = target, .method = operation.method, .headers = with_wrong};
        INFO(operation.method << " " << target);
        CHECK(api.ask(request).status == (takes_keys ? 401 : 403));
    }
    CHECK(api.get("/api/photos/" + photo, nullptr, with_key).status == 200);
    CHECK(api.post("/api/photos/" + photo + "/links", R"({"expires_in": "1h", "bound": true})", nullptr, with_key)
              .status == 403);
    const std::string album = R"({"expires_in": "1h", "bound": true, "photos": [")" + photo + "\"]}";
    CHECK(api.post("/api/links", album, nullptr, with_key).status == 403);
    CHECK(api.get("/api/keys", &jar).status == 200);
    CHECK(api.get("/api/keys").status == 401);
    CHECK(api.post("/api/keys", body).status == 401);
    CHECK(api.post("/api/keys", "{", &jar).status == 400);
    CHECK(api.post("/api/keys", "{}", &jar).status == 400);
    CHECK(api.post("/api/keys", std::string(5'000, ' '), &jar).status == 413);
    CHECK(api.post("/api/keys", body, &jar, kFromElsewhere).status == 403);
    CookieJar empty;
    CHECK(api.post("/api/sessions", "", &empty).status == 201);
    CHECK(api.post("/api/keys", body, &empty).status == 409);
    CHECK(wait_until(60s, [&] { return api.post("/api/keys", body, &jar).status == 409; }));
    CHECK(api.remove(key).status == 401);
    CHECK(api.remove(key, &jar, kFromElsewhere).status == 403);
    CHECK(api.remove(key, &jar).status == 204);
    CHECK(api.remove(key, &jar).status == 404);
}

void download_originals(JudgedApi& api, CookieJar& jar, const std::string& photo) {
    const std::string of_owner = "/api/photos/" + photo + "/original";
    const std::string links = "/api/photos/" + photo + "/links";
    const auto page = [&](const char* body) {
        return "/s/" + JudgedApi::id_in(api.post(links, body, &jar)) + "/original/";
    };
    const std::string brief = page(R"({"expires_in": 1, "original": true})") + photo;
    const std::string shared = page(R"({"expires_in": "1h", "original": true})");
    for (const std::string& target : {of_owner, shared + photo}) {
        CHECK(api.get(target, &jar).body == read_file(photos::flower().path));
        CHECK(api.get(target, &jar, {{"Range", "bytes=0-9"}}).status == 206);
        CHECK(api.get(target, &jar, {{"Range", "bytes=99999999-"}}).status == 416);
    }
    CHECK(api.get(of_owner).status == 401);
    CHECK(api.get("/api/photos/" + kNoId + "/original", &jar).status == 404);
    CHECK(api.get(shared + kNoId).status == 404);
    CHECK(wait_until(20s, [&] { return api.get(brief).status == 410; }));
}

void open_pages(JudgedApi& api, CookieJar& jar, const std::string& photo) {
    const std::string links = "/api/photos/" + photo + "/links";
    const std::string page = "/s/" + JudgedApi::id_in(api.post(links, R"({"expires_in": "1h"})", &jar));
    const std::string brief = "/s/" + JudgedApi::id_in(api.post(links, R"({"expires_in": 1})", &jar));
    CHECK(api.get(page).status == 200);
    CHECK(api.get("/s/" + kNoId).status == 404);
    CHECK(api.post(page + "/report", "reason=other&text=hello").status == 200);
    CHECK(api.post(page + "/report", "reason=none").status == 400);
    CHECK(api.post(page + "/report", "reason=other", nullptr, kFromElsewhere).status == 403);
    CHECK(api.post("/s/" + kNoId + "/report", "reason=other").status == 404);
    CHECK(wait_until(20s, [&] { return api.get(brief).status == 410; }));
    const Headers same{{"X-Client", "10.9.9.8"}};
    CHECK(wait_until(60s, [&] { return api.get(page, nullptr, same).status == 429; }));
}

void fetch_thumbnails(JudgedApi& api, CookieJar& jar, const std::string& photo) {
    const auto thumbnail = [&](const std::string& options) { return api.stack.thumbnail(photo, options); };
    const std::string small = thumbnail("/w:40/f:jpeg");
    REQUIRE(wait_until(60s, [&] { return api.get(small).status == 200; }));
    const Response cached = api.stack.get_cached(small);
    CHECK(api.get(small, nullptr, {{"If-None-Match", cached.header("etag")}}).status == 304);
    CHECK(api.get(small, nullptr, {{"Range", "bytes=0-9"}}).status == 206);
    CHECK(api.get(small, nullptr, {{"Range", "bytes=9999999-"}}).status == 416);
    CHECK(api.get(thumbnail("/info:1")).status == 200);
    CHECK(api.get(signed_url("/w:40")).status == 400);
    std::string options;
    for (int i = 0; i < 65; ++i) options += "/w:40";
    CHECK(api.get(thumbnail(options)).status == 400);
    CHECK(api.get(thumbnail("/zzz:1")).status == 400);
    CHECK(api.get(thumbnail("/w:x")).status == 400);
    CHECK(api.get(signed_url("/w:40/plain/photo://%zz")).status == 400);
    CHECK(api.get(signed_url("/w:40/plain/")).status == 400);
    CHECK(api.get(thumbnail("/wm:1")).status == 400);
    CHECK(api.get("/t/x/w:40/plain/photo://" + photo).status == 403);
    CHECK(api.get(signed_url("/w:40/plain/photo://" + kNoId)).status == 404);
    CHECK(api.get(signed_url("/w:40/plain/local:///a.jpg")).status == 404);
    CHECK(api.get(thumbnail("/exp:1000000000/w:40")).status == 410);
    CHECK(api.get(thumbnail("/rs:force:1900:1900:1/f:png")).status == 422);
    CHECK(api.get(thumbnail("/rs:force:3000:3000:1")).status == 422);
    CHECK(api.get(thumbnail("/rs:force:20000:10:1/f:webp")).status == 422);
    const Response bound = api.post("/api/photos/" + photo + "/links", R"({"expires_in": "1h", "bound": true})", &jar);
    const std::string url = text_at(parse_json(bound.body), "url");
    CHECK(api.get(url).status == 403);
    CHECK(api.remove("/api/links/" + JudgedApi::id_in(bound), &jar).status == 204);
    CHECK(wait_until(20s, [&] { return api.get(url, &jar).status == 410; }));
    const Headers same{{"X-Client", "10.9.9.7"}};
    CHECK(wait_until(60s, [&] { return api.get(small, nullptr, same).status == 429; }));
}

void look_at_operation(JudgedApi& api) {
    const Headers stranger{{"X-Client", "192.0.2.1"}};
    const Headers own{{"X-Client", "127.0.0.1"}};
    CHECK(api.get("/healthz").status == 200);
    CHECK(api.get("/api/docs").status == 200);
    CHECK(api.get("/api/openapi.yaml").body == read_file(repository() / "docs/openapi.yaml"));
    for (const char* target : {"/readyz", "/metrics", "/metrics/backend"}) {
        CHECK(api.get(target, nullptr, own).status == 200);
        CHECK(api.get(target, nullptr, stranger).status == 403);
    }
}

// Every request whose documented answers have this one, until it comes.
void provoke_everywhere(JudgedApi& api, const std::string& status, const Headers& headers, CookieJar* jar = nullptr) {
    for (const Operation& operation : ApiContract::of_repository().document().operations()) {
        if (!operation.value->at("responses").as_object().contains(status)) continue;
        if (operation.path.starts_with("/t/") || operation.path.starts_with("/readyz")) continue;
        const std::string target = with_ids(operation.path, kNoId);
        INFO(operation.method << " " << target);
        CHECK(wait_until(20s, [&] {
            const Request request{.url = target, .method = operation.method, .headers = headers, .jar = jar};
            return std::to_string(api.ask(request).status) == status;
        }));
    }
}

// Without the backend the edge answers in its place.
void ask_without_backend(JudgedApi& api, const std::string& photo) {
    api.stack.edge().expect_log("[error]");
    api.stack.backend().kill();
    const Headers own{{"X-Client", "127.0.0.1"}};
    for (const char* target : {"/readyz", "/metrics/backend"}) CHECK(api.get(target, nullptr, own).status >= 502);
    int width = 100;
    CHECK(api.get(api.stack.thumbnail(photo, "/w:99")).status >= 502);
    // Until the breaker opens.
    CHECK(wait_until(
        20s, [&] { return api.get(api.stack.thumbnail(photo, "/w:" + std::to_string(++width))).status == 503; }));
    for (const Operation& operation : ApiContract::of_repository().document().operations()) {
        if (!operation.path.starts_with("/api/") && !operation.path.starts_with("/s/")) continue;
        if (!operation.value->at("responses").as_object().contains("503")) continue;
        CHECK(api.ask({.url = with_ids(operation.path, kNoId), .method = operation.method}).status == 503);
    }
}

}  // namespace

TEST_CASE("every documented answer that a client can provoke comes as documented, and no other does") {
    JudgedApi api({"--max-upload-bytes",
                   "2MiB",
                   "--max-svg-bytes",
                   "2KiB",
                   "--max-form-bytes",
                   "128KiB",
                   "--max-pixels",
                   "4000000",
                   "--max-side",
                   "3000",
                   "--max-frames",
                   "3",
                   "--max-scans",
                   "50",
                   "--max-metadata-bytes",
                   "64KiB",
                   "--max-output-bytes",
                   "512KiB",
                   "--quota-photos",
                   "5",
                   "--address-quota-photos",
                   "2"});
    CookieJar jar;
    const std::string photo = JudgedApi::id_in(api.upload(read_file(photos::flower().path), &jar));
    api.send_form({{.name = "photo", .file = photos::flower().path}});
    refuse_pictures(api);
    refuse_forms(api);
    repeat_uploads(api, jar);
    upload_at_once(api, jar);
    use_photo(api, jar);
    list_photos(api, jar);
    make_links(api, jar, photo);
    use_keys(api, jar, photo);
    download_originals(api, jar, photo);
    open_pages(api, jar, photo);
    fetch_thumbnails(api, jar, photo);
    use_sessions(api, jar);
    exceed_quotas(api, jar);
    look_at_operation(api);
    provoke_everywhere(api, "429", {{"X-Client", "10.9.9.6"}, {"Authorization", "Bearer tg_" + std::string(43, 'B')}});
    ask_without_backend(api, photo);
    JudgedApi full({"--uploads-min-free", "1000000GiB", "--svg-converters", "0"});
    CHECK(full.upload(read_file(photos::flower().path)).status == 507);
    api.seen.merge(full.seen);
    JudgedApi without_svg({"--svg-converters", "0"});
    CHECK(without_svg.upload("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\"></svg>").status ==
          415);
    api.seen.merge(without_svg.seen);

    std::set<std::string_view> excused;
    for (const std::string& answer : ApiContract::of_repository().answers()) {
        if (api.seen.contains(answer)) continue;
        const auto known = std::ranges::find_if(
            kUnprovoked, [&](const Unprovoked& item) { return answer.find(item.part) != std::string::npos; });
        if (known == std::end(kUnprovoked)) {
            FAIL_CHECK("documented, and did not come: " << answer);
        } else {
            excused.insert(known->part);
        }
    }
    for (const Unprovoked& item : kUnprovoked) {
        INFO("nothing is left that is excused by: " << item.part);
        CHECK(excused.contains(item.part));
    }
}
