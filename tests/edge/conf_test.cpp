// A configuration that cannot work is refused with the value that is wrong, and a running edge keeps the one it has.
#include "tests/support/catch.hpp"
#include "tests/support/edge.hpp"

using namespace thumbgate::test;

namespace {

std::string refusal_of(const NginxConf& conf) {
    const ConfCheck check = check_conf(conf);
    CHECK_FALSE(check.accepted());
    return check.message;
}

NginxConf with(const std::string& http, const std::string& location = {},
               const std::string& keys = std::string(kKeyFile)) {
    return {.http = http,
            .server = location,
            .files = {{"keys", keys}, {"secret", std::string(kSecret)}, {"short", "abcd\n"}}};
}

}  // namespace

TEST_CASE("an edge without a key does not start") {
    CHECK_THAT(refusal_of(with("", "location /t/ { thumb_signature on; }")),
               contains("[emerg]") && contains("location \"/t/\"") && contains("thumb_keys"));
    CHECK_THAT(refusal_of(with("thumb_keys absent;")), contains("absent") && contains("No such file"));
    CHECK_THAT(refusal_of(with("thumb_keys keys;", "", "# none\n")), contains("it holds no key"));
}

TEST_CASE("a key file is refused by its line, and never quoted") {
    const std::string message = refusal_of(with("thumb_keys keys;", "", std::string(kKeyFile) + "second zz 00\n"));
    CHECK_THAT(message, contains("line 2: the key is not hex digits") && !contains(std::string(kKey.key_hex)));
    CHECK_THAT(refusal_of(with("thumb_keys keys;", "", "first 00\n")),
               contains("line 1: a key is <id> <hex key> <hex salt>"));
    CHECK_THAT(refusal_of(with("thumb_keys keys;", "", kKey.line() + kKey.line())), contains("\"first\" is taken"));
}

TEST_CASE("a key file that others can read is refused") {
    const Origin origin;
    Nginx edge(edge_conf(origin));
    edge.expect_log("chmod 600");
    std::filesystem::permissions(edge / "keys", std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    CHECK_THAT(edge.reload_refused(), contains("chmod 600"));
    CHECK(edge.get(signed_url("/w:1/plain/photo://a")).status == 200);
}

TEST_CASE("each directive names the value it does not take") {
    CHECK_THAT(refusal_of(with("thumb_secret short;")), contains("64 hex digits"));
    CHECK_THAT(refusal_of(with("thumb_formats gif;")), contains("\"gif\""));
    CHECK_THAT(refusal_of(with("thumb_preset a zzz:1;")), contains("\"zzz\""));
    CHECK_THAT(refusal_of(with("thumb_preset a w:1; thumb_preset a w:2;")), contains("defined twice"));
    CHECK_THAT(refusal_of(with("thumb_preset a exp:5;")), contains("\"exp\""));
    CHECK_THAT(refusal_of(with("thumb_preset a lid:x;")), contains("\"lid\""));
    CHECK_THAT(refusal_of(with("thumb_signature_size 7;")), contains("8"));
    CHECK_THAT(refusal_of(with("thumb_signature_size 33;")), contains("32"));
    CHECK_THAT(refusal_of(with("thumb_sizes 160 wide;")), contains("thumb_sizes") && contains("\"wide\""));
    CHECK_THAT(refusal_of(with("thumb_sizes 160 0320;")), contains("\"0320\""));
    CHECK_THAT(refusal_of(with("thumb_sizes 160 320 160;")), contains("160 is there twice"));
    CHECK_THAT(refusal_of(with("thumb_sizes 65536;")), contains("\"65536\""));
    CHECK_THAT(refusal_of(with("thumb_sizes 160; thumb_sizes 320;")), contains("duplicate"));
    CHECK_THAT(refusal_of(with("thumb_sources photo:// https://acme;")),
               contains("thumb_sources") && contains("\"https://acme\"") && contains("ends in \"/\""));
    CHECK_THAT(refusal_of(with("thumb_sources local:///a/../b/;")), contains("\"..\""));
    CHECK_THAT(refusal_of(with("thumb_sources pictures/;")), contains("\"pictures/\""));
    CHECK_THAT(refusal_of(with("thumb_presets_only maybe;")), contains("\"maybe\""));
    CHECK_THAT(refusal_of(with("thumb_max_age soon;")), contains("invalid value"));
    CHECK_THAT(refusal_of(with("thumb_limit_zone $arg_a zone=z:1m rate=0r/s;")), contains("not \"0r/s\""));
    CHECK_THAT(refusal_of(with("thumb_limit_zone $arg_a zone=z:1k rate=1r/s;")), contains("at least 32k"));
    CHECK_THAT(refusal_of(with("thumb_limit_zone $arg_a zone=z rate=1r/s;")), contains("NAME:SIZE"));
    CHECK_THAT(refusal_of(with("thumb_limit_zone $arg_a zone=z:1m burst=1;")), contains("burst=1"));
    CHECK_THAT(refusal_of(with("thumb_limit zone=absent;")), contains("\"absent\""));
    CHECK_THAT(refusal_of(with("thumb_limit_zone $arg_a zone=z:1m rate=1r/s; thumb_limit zone=z burst=many;")),
               contains("\"many\""));
    CHECK_THAT(refusal_of(with("thumb_keys keys;", "location = /t { thumb_signature on; }")),
               contains("prefix location"));
    CHECK_THAT(refusal_of(with("thumb_keys keys;", "location ~ ^/t/ { thumb_signature on; }")),
               contains("prefix location"));
}

TEST_CASE("a new key is in force after a reload") {
    const Origin origin;
    Nginx edge(edge_conf(origin));
    const std::string url = signed_url("/w:1/plain/photo://a", kOtherKey);
    CHECK(edge.get(url).status == 403);
    edge.reload(edge_conf(origin, {.keys = kKey.line() + std::string(kOtherKey.line())}));
    CHECK(edge.get(url).status == 200);
}
