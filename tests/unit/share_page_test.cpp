// The page of a link: what it shows, to whom, and what it never says.
#include "backend/photos/share_page.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;

namespace {

// An owner with photos and links to them.
struct Sharing : PhotoService {
    std::string photo = upload();
    std::string nobody;

    json::object share(const std::string& body) { return ask_json("POST", "/api/photos/" + photo + "/links", body); }
    std::string id_of(const json::object& link) { return json::value_to<std::string>(link.at("id")); }
    std::string page_of(const json::object& link) { return "/s/" + id_of(link); }
    thumbgate::Response open(const std::string& page, std::string& cookie) {
        auto response = ask("GET", page, "", cookie);
        REQUIRE(response);
        return *response;
    }
    thumbgate::Response open(const std::string& page) { return open(page, nobody); }
    std::uint64_t opened() {
        return ask_json("GET", "/api/links").at("links").at(0).at("opened").to_number<std::uint64_t>();
    }
};

LinkRecord link_of(std::string name, std::string options = "") {
    LinkRecord link;
    link.id = std::string(26, 'l');
    link.photos = {std::string(26, 'p')};
    link.name = std::move(name);
    link.expires = 1'000'000;
    link.options = std::move(options);
    return link;
}

PhotoRecord photo_of(const std::string& format = "jpeg", bool has_alpha = false) {
    PhotoRecord photo;
    photo.id = std::string(26, 'p');
    photo.format = format;
    photo.width = 400;
    photo.height = 300;
    photo.has_alpha = has_alpha;
    return photo;
}

HtmlPage page_of(const LinkRecord& link, const std::vector<PhotoRecord>& photos, const std::string& public_url = "") {
    const PhotoUrls urls(UrlConfig{.public_url = public_url}, *KeyRing::parse("k1 736563726574 68656c6c6f"));
    auto page = share_page(link, photos, urls, 1000);
    REQUIRE(page);
    return *page;
}

}  // namespace

TEST_CASE("the page of a link shows its picture in every width, a download, and when it ends") {
    const HtmlPage page = page_of(link_of("Summer"), {photo_of()});
    CHECK(page.title == "Summer");
    CHECK_THAT(page.body, contains(" 160w, ") && contains(" 1280w\"") && contains("width=\"400\"") &&
                              contains("/q:90/f:jpeg/fn:photo-1/att:1/") && contains("Expires in 11 days") &&
                              contains("12 January 1970, 13:46 UTC"));
    CHECK_THAT(page_of(link_of(""), {photo_of("png", true)}).body, contains("/q:90/f:png/"));
    CHECK_THAT(page_of(link_of(""), {photo_of("gif")}).body, contains("/q:90/f:gif/"));
}

TEST_CASE("a link that says what its picture looks like shows no other") {
    const HtmlPage page = page_of(link_of("", "/w:200/f:webp"), {photo_of()}, "https://p.example");
    CHECK_THAT(page.body, contains("/w:200/f:webp/fn:photo-1/att:1/") && !contains("srcset") && !contains("/q:90"));
    CHECK_THAT(page.head, contains("/w:200/f:webp/") && !contains("1200"));
}

TEST_CASE("a link with the originals offers each, and says what is in them") {
    LinkRecord link = link_of("", "/w:200");
    PhotoRecord photo = photo_of("heic");
    photo.bytes = 4'249'999;
    CHECK_THAT(page_of(link, {photo}).body, !contains("original"));
    link.original = true;
    const std::string body = page_of(link, {photo}).body;
    CHECK_THAT(body, contains("href=\"/s/" + link.id + "/original/" + photo.id + "\"") && contains("HEIC, 4.2 MB") &&
                         contains("may say where"));
    CHECK(size_in_words(5) == "1 KB");
    CHECK(size_in_words(812'400) == "812 KB");
    CHECK(size_in_words(999'999) == "1000 KB");
    CHECK(size_in_words(123'456'789) == "123.5 MB");
}

TEST_CASE("a hostile name stays a name") {
    const HtmlPage page = page_of(link_of("\"><img src=x onerror=alert(1)><b>'"), {photo_of()}, "https://p.example");
    for (const std::string& html : {page.body, page.head, html_response(200, page).body}) {
        CHECK_THAT(html, !contains("<img src=x") && !contains("\"><b"));
    }
    CHECK_THAT(page.body, contains("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&lt;b&gt;&#39;"));
}

TEST_CASE("previews have absolute URLs of a JPEG, and are not for a link that is bound") {
    LinkRecord link = link_of("Summer");
    const std::string head = page_of(link, {photo_of(), photo_of()}, "https://p.example").head;
    CHECK_THAT(head, contains("property=\"og:image\" content=\"https://p.example/t/") && contains("/w:1200/f:jpeg/") &&
                         contains("content=\"https://p.example/s/" + link.id) && contains("2 photos, until") &&
                         contains("summary_large_image"));
    CHECK(page_of(link, {photo_of()}).head.empty());
    link.session = std::string(32, 'f');
    CHECK(page_of(link, {photo_of()}, "https://p.example").head.empty());
}

TEST_CASE("times are said in words") {
    CHECK(time_in_words(59) == "less than a minute");
    CHECK(time_in_words(60) == "1 minute");
    CHECK(time_in_words(7200) == "2 hours");
    CHECK(time_in_words(86'400) == "1 day");
    CHECK(date_in_words(1'764'511'500) == "30 November 2025, 14:05 UTC");
}

TEST_CASE("a page is there for everybody until its link is revoked or expires") {
    Sharing f;
    const auto link = f.share(R"({"expires_in":60,"name":"Eve"})");
    CHECK(f.open(f.page_of(link)).status == 200);
    CHECK_THAT(f.open(f.page_of(link)).body, contains("Eve"));
    LinkRecord expired = **f.links.find(f.id_of(link));
    expired.id = new_id();
    expired.expires = unix_seconds() - 2;
    REQUIRE(f.links.add(expired));
    CHECK(f.open("/s/" + expired.id).status == 410);
    REQUIRE(f.ask("DELETE", "/api/links/" + f.id_of(link)));
    const auto revoked = f.open(f.page_of(link));
    CHECK(revoked.status == 404);
    CHECK(revoked.body == f.open("/s/" + new_id()).body);
    CHECK(revoked.body == f.open("/s/nonsense").body);
}

TEST_CASE("an album goes on without a photo that was deleted, and is gone with the last") {
    Sharing f;
    const std::string second = f.upload();
    const auto album =
        f.ask_json("POST", "/api/links", R"({"expires_in":60,"photos":[")" + f.photo + R"(",")" + second + "\"]}");
    const std::string both = f.open(f.page_of(album)).body;
    CHECK_THAT(both, contains(source_segment(f.photo)) && contains(source_segment(second)) && contains("2 photos"));
    REQUIRE(f.ask("DELETE", "/api/photos/" + f.photo));
    CHECK_THAT(f.open(f.page_of(album)).body, !contains(source_segment(f.photo)) && contains(source_segment(second)));
    REQUIRE(f.ask("DELETE", "/api/photos/" + second));
    CHECK(f.open(f.page_of(album)).body == f.open("/s/" + new_id()).body);
}

TEST_CASE("a bound link opens in its own session, and elsewhere it is not there") {
    Sharing f;
    const auto link = f.share(R"({"expires_in":60,"bound":true})");
    std::string stranger;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, stranger));
    CHECK(f.open(f.page_of(link), f.owner_cookie).status == 200);
    for (std::string* who : {&stranger, &f.nobody}) {
        CHECK(f.open(f.page_of(link), *who).status == 404);
        CHECK(f.open(f.page_of(link), *who).body == f.open("/s/" + new_id(), *who).body);
    }
    f.redis.up = false;
    CHECK(f.open(f.page_of(link), f.owner_cookie).status == 503);
    f.redis.up = true;
    f.redis.values.clear();
    CHECK(f.open(f.page_of(link), f.owner_cookie).status == 404);
}

TEST_CASE("opens are counted, but not the owner's own, and not where only the header is asked for") {
    Sharing f;
    const auto link = f.share(R"({"expires_in":60})");
    CHECK(f.opened() == 0);
    f.open(f.page_of(link));
    f.open(f.page_of(link));
    f.open(f.page_of(link), f.owner_cookie);
    REQUIRE(f.ask("HEAD", f.page_of(link), "", f.nobody));
    CHECK(f.opened() == 2);
    f.redis.up = false;
    CHECK(f.open(f.page_of(link)).status == 200);
    CHECK(f.open(f.page_of(link), f.owner_cookie).status == 200);
}

TEST_CASE("an address with the punctuation of a sentence behind it is the same page") {
    Sharing f;
    const std::string page = f.page_of(f.share(R"({"expires_in":60})"));
    for (const char* mark : {".", ",", ")", "]", "%5D", ").", "%22", "%3E"}) {
        CHECK(f.open(page + mark).status == 200);
    }
    CHECK(f.open("/s/%" + page.substr(3)).status == 404);
    CHECK(f.open(page + "a").status == 404);
}

TEST_CASE("a report is kept, said in the log, and bounded") {
    Sharing f;
    const std::string report = f.page_of(f.share(R"({"expires_in":60})")) + "/report";
    const auto reports = [&] {
        const auto files = files_below(f.dir / "photos");
        return std::ranges::count_if(files, [](const std::string& file) { return file.starts_with("reports/"); });
    };
    const auto taken = f.ask("POST", report, "reason=private&text=It+is+me%21", f.nobody);
    REQUIRE(taken);
    CHECK(taken->status == 200);
    REQUIRE(taken->error);
    CHECK(taken->error->code == "link_reported");
    CHECK(reports() == 1);
    for (int i = 0; i < 25; ++i) REQUIRE(f.ask("POST", report, "reason=other&text=", f.nobody));
    CHECK(reports() == 20);
    for (const std::string& bad : {std::string("reason=none"), std::string("reason=other&text=%FF"), std::string(),
                                   "reason=other&text=" + std::string(4001, 'x')}) {
        CHECK(f.ask("POST", report, bad, f.nobody)->status == 400);
    }
    CHECK(f.ask("POST", "/s/" + new_id() + "/report", "reason=other", f.nobody)->status == 404);
}
