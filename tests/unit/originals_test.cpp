// Photos as they were uploaded: to their owner, and by links that say so. To nobody else.
#include "backend/photos/originals.hpp"

#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;

namespace {

struct Giving : PhotoService {
    std::string photo = upload();
    std::string nobody;

    std::string of_owner() const { return "/api/photos/" + photo + "/original"; }
    std::string share(const std::string& terms) {
        const auto link = ask_json("POST", "/api/photos/" + photo + "/links", R"({"expires_in":60)" + terms + "}");
        return json::value_to<std::string>(link.at("id"));
    }
    static std::string of_link(const std::string& link, const std::string& id) {
        return "/s/" + link + "/original/" + id;
    }
    std::string read(const thumbgate::Response& response) {
        std::string all;
        if (!response.source) return response.body;
        while (all.size() < response.source->size()) {
            const auto piece = run_coroutine(io, response.source->next());
            REQUIRE(piece);
            all += *piece;
        }
        return all;
    }
    thumbgate::Response get(const std::string& target, std::string& cookie, const std::string& method = "GET") {
        auto response = ask(method, target, "", cookie);
        REQUIRE(response);
        return *response;
    }
    // The same to everybody as a link that never was.
    bool is_nothing(const std::string& target, std::string& cookie) {
        const auto answer = get(target, cookie);
        const auto none = get(of_link(new_id(), new_id()), cookie);
        return answer.status == 404 && answer.body == none.body && !answer.source &&
               answer.headers.size() == none.headers.size();
    }
};

std::string_view header(const thumbgate::Response& response, std::string_view name) {
    return find_header(response.headers, name);
}

}  // namespace

TEST_CASE("an owner gets a photo back as it was uploaded, to be saved and not to be shown") {
    Giving f;
    const auto response = f.get(f.of_owner(), f.owner_cookie);
    CHECK(response.status == 200);
    CHECK(f.read(response) == kJpeg);
    CHECK(header(response, "Content-Type") == "image/jpeg");
    CHECK(header(response, "Content-Disposition") == "attachment; filename=\"original-" + f.photo + ".jpg\"");
    CHECK(header(response, "Cache-Control") == "private, no-store");
    CHECK(header(response, "Content-Security-Policy") == "default-src 'none'; sandbox");
    CHECK(header(response, "ETag") == '"' + hex_encode(sha256(kJpeg)) + '"');
}

TEST_CASE("another owner's original is not there, and without a session there is none") {
    Giving f;
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    CHECK(f.ask("GET", f.of_owner(), "", stranger).error().status == 404);
    CHECK(f.ask("GET", "/api/photos/" + new_id() + "/original", "", stranger).error().status == 404);
    CHECK(f.ask("GET", f.of_owner(), "", f.nobody).error().status == 401);
    REQUIRE(f.ask("DELETE", "/api/photos/" + f.photo));
    CHECK(f.ask("GET", f.of_owner()).error().status == 404);
}

TEST_CASE("a link gives the original only where it was made to") {
    Giving f;
    const std::string with = f.share(R"(,"original":true)");
    const auto response = f.get(f.of_link(with, f.photo), f.nobody);
    CHECK(response.status == 200);
    CHECK(f.read(response) == kJpeg);
    CHECK(header(response, "Content-Disposition") == "attachment; filename=\"original-1.jpg\"");
    CHECK(header(response, "Cache-Control") == "private, no-store");
    for (const char* terms : {"", R"(,"original":false)", R"(,"width":200)"}) {
        const std::string without = f.share(terms);
        CHECK(f.is_nothing(f.of_link(without, f.photo), f.nobody));
        CHECK(f.is_nothing(f.of_link(without, f.photo), f.owner_cookie));
    }
}

TEST_CASE("a link gives the originals of its own photos, and whose they are says nothing of others") {
    Giving f;
    const std::string second = f.upload();
    const std::string third = f.upload();
    std::string stranger;
    const auto theirs = f.ask("POST", "/api/photos", kJpeg, stranger);
    REQUIRE(theirs);
    const std::string other = json::value_to<std::string>(json::parse(theirs->body).at("id"));
    const auto made = f.ask_json(
        "POST", "/api/links", R"({"expires_in":60,"original":true,"photos":[")" + f.photo + R"(",")" + second + "\"]}");
    CHECK(made.at("original").as_bool());
    const std::string album = json::value_to<std::string>(made.at("id"));
    CHECK(header(f.get(f.of_link(album, second), f.nobody), "Content-Disposition").ends_with("original-2.jpg\""));
    for (const std::string& id : {third, other, new_id(), std::string("nonsense"), std::string("..")}) {
        CHECK(f.is_nothing(f.of_link(album, id), f.nobody));
    }
    REQUIRE(f.ask("DELETE", "/api/photos/" + second));
    CHECK(f.is_nothing(f.of_link(album, second), f.nobody));
    CHECK(f.get(f.of_link(album, f.photo), f.nobody).status == 200);
}

TEST_CASE("a revoked link gives nothing at once, an expired one says that it has expired") {
    Giving f;
    const std::string link = f.share(R"(,"original":true)");
    LinkRecord expired = **f.links.find(link);
    expired.id = new_id();
    expired.expires = unix_seconds() - 2;
    REQUIRE(f.links.add(expired));
    // Whichever photo is asked for: what is in an expired link is not told any more.
    CHECK(f.get(f.of_link(expired.id, f.photo), f.nobody).status == 410);
    CHECK(f.get(f.of_link(expired.id, new_id()), f.nobody).body ==
          f.get(f.of_link(expired.id, f.photo), f.nobody).body);
    REQUIRE(f.ask("DELETE", "/api/links/" + link));
    CHECK(f.is_nothing(f.of_link(link, f.photo), f.nobody));
}

TEST_CASE("a bound link gives the original in its own session, and elsewhere it is not there") {
    Giving f;
    const std::string link = f.share(R"(,"original":true,"bound":true)");
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    CHECK(f.get(f.of_link(link, f.photo), f.owner_cookie).status == 200);
    CHECK(f.is_nothing(f.of_link(link, f.photo), stranger));
    CHECK(f.is_nothing(f.of_link(link, f.photo), f.nobody));
    f.redis.up = false;
    CHECK(f.get(f.of_link(link, f.photo), f.owner_cookie).status == 503);
}

TEST_CASE("a part of an original is that part, and what is not in it is said to be none of it") {
    Giving f;
    f.headers = {{"Range", "bytes=4-9"}};
    const auto part = f.get(f.of_owner(), f.owner_cookie);
    CHECK(part.status == 206);
    CHECK(f.read(part) == kJpeg.substr(4, 6));
    CHECK(header(part, "Content-Range") == "bytes 4-9/" + std::to_string(kJpeg.size()));
    f.headers = {{"Range", "bytes=5000-"}};
    const auto none = f.get(f.of_owner(), f.owner_cookie);
    CHECK(none.status == 416);
    CHECK(header(none, "Content-Range") == "bytes */" + std::to_string(kJpeg.size()));
    CHECK_FALSE(none.source);
    f.headers = {{"Range", "bytes=4-9"}, {"If-Range", "\"another\""}};
    CHECK(f.read(f.get(f.of_owner(), f.owner_cookie)) == kJpeg);
    f.headers = {{"Range", "bytes=4-9"}};
    const auto head = f.get(f.of_owner(), f.owner_cookie, "HEAD");
    CHECK(head.status == 200);
    CHECK(head.source->size() == kJpeg.size());
}

TEST_CASE("only so many originals are sent at once, and each that ends makes room") {
    Giving f;
    std::vector<thumbgate::Response> sending;
    for (int i = 0; i < 3; ++i) sending.push_back(f.get(f.of_owner(), f.owner_cookie));
    CHECK(f.originals.under_way() == 3);
    CHECK(f.ask("GET", f.of_owner()).error().status == 503);
    sending.pop_back();
    CHECK(f.get(f.of_owner(), f.owner_cookie).status == 200);
    sending.clear();
    CHECK(f.ask("GET", "/api/photos/" + new_id() + "/original").error().status == 404);
    CHECK(f.originals.under_way() == 0);
}

TEST_CASE("a photo that is deleted while it is sent is sent to its end") {
    Giving f;
    const auto response = f.get(f.of_owner(), f.owner_cookie);
    REQUIRE(f.ask("DELETE", "/api/photos/" + f.photo));
    CHECK(f.read(response) == kJpeg);
}

TEST_CASE("links say whether they give the original, and those of an earlier version do not") {
    Giving f;
    f.share(R"(,"original":true)");
    f.share("");
    std::vector<bool> said;
    const json::object listed = f.ask_json("GET", "/api/links");
    for (const json::value& link : listed.at("links").as_array()) {
        said.push_back(link.at("original").as_bool());
    }
    CHECK(std::ranges::count(said, true) == 1);
    CHECK(f.ask("POST", "/api/photos/" + f.photo + "/links", R"({"expires_in":60,"original":1})").error().status ==
          400);
    LinkRecord record = **f.links.find(f.share(R"(,"original":true)"));
    CHECK(decode_link(encode(record)) == record);
    json::object earlier = json::parse(encode(record)).as_object();
    earlier.erase("original");
    CHECK_FALSE(decode_link(json::serialize(earlier))->original);
    earlier["original"] = "yes";
    CHECK_FALSE(decode_link(json::serialize(earlier)));
}
