// What docs/directives.md says of a directive is true of a real nginx: where it may stand, and what holds without it.
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "contract/secret.hpp"
#include "contract/session_cookie.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/prometheus.hpp"

using namespace thumbgate::test;

namespace {

struct Documented {
    std::string name;
    std::string default_line;  // "" where there is none
    std::set<std::string> contexts;
    std::string example;  // the directive alone, out of the example
};

std::set<std::string> quoted(const std::string& text) {
    static const std::regex expression("`([a-z]+)`");
    std::set<std::string> words;
    for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) words.insert((*it)[1]);
    return words;
}

std::vector<Documented> documented() {
    static const std::regex entry(
        "\n### (thumb_[a-z_]+)\nSyntax: `[^`]*` · Default: (?:—|`([^`]*)`)[^·\n]* · Context: ([^\n]*)\n");
    const std::string doc = read_file(repository() / "docs/directives.md");
    std::vector<Documented> all;
    for (std::sregex_iterator it(doc.begin(), doc.end(), entry), end; it != end; ++it) {
        Documented one{(*it)[1], (*it)[2], quoted((*it)[3]), ""};
        const std::string below = it->suffix().str();
        std::smatch found;
        const std::regex example("\n     *(?:[^\n]*[{;] )?(" + one.name + "(?: [^;]*)?;)");
        REQUIRE(std::regex_search(below, found, example));
        one.example = replace_all(found[1], "/etc/thumbgate/", "");
        all.push_back(one);
    }
    return all;
}

// What an example names but does not define; without what `line` itself sets.
std::string surroundings(const std::string& line) {
    std::string text;
    for (const std::string one : {"thumb_keys keys;", "thumb_secret secret;", "thumb_hot_zone hot:4m;",
                                  "thumb_limit_zone $binary_remote_addr zone=per_client:1m rate=100r/s;",
                                  "thumb_limit_zone $binary_remote_addr zone=guesses_per_client:1m rate=100r/s;"}) {
        if (!line.starts_with(one.substr(0, one.find(' ') + 1))) text += one;
    }
    return text;
}

ConfCheck check_in(const std::string& context, const std::string& line) {
    const auto in = [&](const std::string& here) { return context == here ? line : std::string(); };
    return check_conf(
        {.http = surroundings(line) + in("http") + "upstream backend { server 127.0.0.1:9; " + in("upstream") + "}",
         .server = in("server") + "location /t/ {" + in("location") + "}",
         .files = {{"keys", std::string(kKeyFile)}, {"secret", std::string(kSecret)}}});
}

// A cookie of either name, each with a session of its own.
std::string both_cookies() {
    const TempDir folder;
    write_file(folder.path() / "secret", kSecret, 0600);
    const auto secret = thumbgate::SharedSecret::read_file((folder.path() / "secret").string());
    REQUIRE(secret);
    const auto token = [&] {
        const auto valid_until = static_cast<std::uint64_t>(time(nullptr)) + 3600;
        return encode_session_token(secret->cookie, thumbgate::new_session_token(valid_until));
    };
    return "__Host-thumbgate=" + token() + "; thumbgate=" + token();
}

// One answer without what differs from request to request.
std::string fingerprint(const Response& response) {
    static const std::regex durations(R"(dur=\d+)");
    static const std::regex request_id(R"("request_id":"[^"]*")");
    std::string text = std::to_string(response.status);
    for (const auto& [name, value] : response.headers) {
        if (name != "Date") text += "\n" + name + ": " + std::regex_replace(value, durations, "");
    }
    return text + "\n" + std::regex_replace(response.body, request_id, "");
}

// What an edge with `line` in http{} answers to requests that touch on every directive with a default.
std::vector<std::string> behaviour(const std::string& line) {
    static const std::string cookies = both_cookies();
    const Origin origin("location / { return 200 body; }");
    NginxConf conf = edge_conf(
        origin, {.http = "thumb_hot_zone hot:4m;",
                 .thumbnails = "add_header Thumb-Key $thumb_cache_key;",
                 .locations = "location = /session { return 200 $thumb_session; } location /own/ { return 404; }"
                              "location = /deadline { return 200 '$thumb_deadline $msec'; }"
                              "location = /metrics { thumb_metrics; }"});
    conf.http = replace_all(conf.http, "thumb_session_cookie thumbgate;", "") + line;
    const Nginx edge(conf);
    const std::string url = signed_url("/w:1/plain/photo://a");
    const std::string path = "/w:2/plain/photo://a";
    const std::string signature = signature_of(path);
    const Headers browser{{"Accept", "image/avif,image/webp"}, {"Origin", "https://example.com"}};
    // From the disk or, where that is on, from memory, once nginx has stored it.
    const bool stored = wait_until(10s, [&] { return edge.get(url, browser).header("x-cache") != "MISS"; });
    std::vector<std::string> answers{std::to_string(static_cast<int>(stored))};
    for (const std::string& target :
         {url, signed_url("/w:3/plain/local:///a"), "/t/" + signature.substr(0, 22) + path,
          "/t/" + signature_of("/w:*/plain/photo://a") + "/w:160/plain/photo://a", std::string("/own/")}) {
        answers.push_back(fingerprint(edge.get(target, browser)));
    }
    answers.push_back(edge.get("/session", {{"Cookie", cookies}}).body);
    const std::string times = edge.get("/deadline").body;
    const double patience = std::stod(times) - std::stod(times.substr(times.find(' ')));
    answers.push_back(std::to_string(std::lround(patience * 1000)) + " ms");
    const double fetched = metric(edge.get("/metrics").body, "thumbgate_edge_coalesced_total", {{"outcome", "leader"}});
    answers.emplace_back(fetched > 0 ? "coalesced" : "each for itself");
    return answers;
}

}  // namespace

TEST_CASE("a directive may stand where its documentation says, as its example writes it, and nowhere else") {
    const auto all = documented();
    REQUIRE(all.size() > 15);
    for (const Documented& one : all) {
        for (const std::string context : {"http", "server", "location", "upstream"}) {
            const ConfCheck check = check_in(context, one.example);
            INFO(one.example << " in " << context << ": " << check.message);
            CHECK(check.accepted() == one.contexts.contains(context));
            if (!check.accepted()) CHECK_THAT(check.message, contains("directive is not allowed here"));
        }
    }
}

TEST_CASE("a directive's documented default is what holds without it, and its example is not") {
    const auto without = behaviour("");
    std::size_t defaults = 0;
    for (const Documented& one : documented()) {
        // How long somebody waits who waits for half a minute is left to a test of its own.
        if (one.default_line.empty() || one.name == "thumb_coalesce_timeout") continue;
        ++defaults;
        INFO(one.default_line);
        CHECK(behaviour(one.default_line) == without);
        INFO(one.example);
        CHECK(behaviour(one.example) != without);
    }
    CHECK(defaults > 5);
}
