// The edge's MAC on requests to the backend: its window, and that every part of it counts. The known headers were
// computed with Node.
#include "contract/service_auth.hpp"

#include <string>

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::uint64_t kNow = 1'700'000'000;
constexpr std::string_view kTarget = "/api/photos?limit=3";
constexpr std::string_view kKnown =
    "v1;t=1700000000;ip=203.0.113.7;sid=0123456789abcdef0123456789abcdef;rid=fedcba9876543210fedcba9876543210;"
    "mac=9gYd4YuztuWHDUXQiMgkzny7wSxPJWAJFGxlb7eynik";

HmacKey service_key() {
    return HmacKey(*hex_decode("c9257dc4262b3bbb8871117acdaa391d056ce365970193670a9256b0edde0378"));
}

ServiceIdentity known_identity() {
    return {kNow, "203.0.113.7", "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"};
}

std::string error_of(std::string_view method, std::string_view target, std::string_view header, std::uint64_t now) {
    const auto identity = verify_service_request(service_key(), method, target, header, now);
    return identity ? "" : identity.error();
}

std::string error_of(std::string_view header) {
    return error_of("GET", kTarget, header, kNow);
}

// The header that the service key itself would make of these fields.
std::string signed_fields(const std::string& fields) {
    const Sha256 mac = service_key().mac({"GET\n", kTarget, "\n", fields});
    return fields + ";mac=" + base64url_encode(mac);
}

}  // namespace

TEST_CASE("a service request has the known header, and is told who asks") {
    CHECK(sign_service_request(service_key(), "GET", kTarget, known_identity()) == kKnown);
    const auto identity = verify_service_request(service_key(), "GET", kTarget, kKnown, kNow);
    REQUIRE(identity);
    CHECK(identity->time == kNow);
    CHECK(identity->client == "203.0.113.7");
    CHECK(identity->session == "0123456789abcdef0123456789abcdef");
    CHECK(identity->request_id == "fedcba9876543210fedcba9876543210");
}

TEST_CASE("a request without a session, of an IPv6 client") {
    constexpr std::string_view known =
        "v1;t=1700000000;ip=2001:db8::1;sid=-;rid=fedcba9876543210fedcba9876543210;"
        "mac=9danJqWT35Up8fE8aWs8GpqY8FhR6hk-JF3t0qZN-Co";
    const ServiceIdentity nobody{kNow, "2001:db8::1", "", "fedcba9876543210fedcba9876543210"};
    CHECK(sign_service_request(service_key(), "POST", "/api/photos", nobody) == known);
    const auto identity = verify_service_request(service_key(), "POST", "/api/photos", known, kNow);
    REQUIRE(identity);
    CHECK(identity->session == "");
    CHECK(identity->client == "2001:db8::1");
}

TEST_CASE("a service MAC is of this time for 30 seconds to either side") {
    CHECK(error_of("GET", kTarget, kKnown, kNow + 30) == "");
    CHECK(error_of("GET", kTarget, kKnown, kNow - 30) == "");
    CHECK_THAT(error_of("GET", kTarget, kKnown, kNow + 31), contains("time"));
    CHECK_THAT(error_of("GET", kTarget, kKnown, kNow - 31), contains("time"));
    CHECK_THAT(error_of("GET", kTarget, kKnown, 0), contains("time"));
    CHECK_THAT(error_of("GET", kTarget, kKnown, UINT64_MAX), contains("time"));
}

TEST_CASE("a service MAC is for one method, one target and one key") {
    CHECK_THAT(error_of("POST", kTarget, kKnown, kNow), contains("MAC is wrong"));
    CHECK_THAT(error_of("get", kTarget, kKnown, kNow), contains("MAC is wrong"));
    CHECK_THAT(error_of("GET", "/api/photos?limit=4", kKnown, kNow), contains("MAC is wrong"));
    CHECK_THAT(error_of("GET", "/api/photos", kKnown, kNow), contains("MAC is wrong"));
    CHECK_THAT(error_of("GET", "/api/photos?limit=3&", kKnown, kNow), contains("MAC is wrong"));
    CHECK_FALSE(verify_service_request(HmacKey("another"), "GET", kTarget, kKnown, kNow));
}

TEST_CASE("every field of the service header is covered by its MAC") {
    const std::string header(kKnown);
    CHECK_THAT(error_of(replace_all(header, "v1;", "v2;")), contains("MAC is wrong"));
    CHECK_THAT(error_of(replace_all(header, "t=1700000000", "t=1700000001")), contains("MAC is wrong"));
    CHECK_THAT(error_of(replace_all(header, "203.0.113.7", "203.0.113.8")), contains("MAC is wrong"));
    CHECK_THAT(error_of(replace_all(header, "sid=0", "sid=1")), contains("MAC is wrong"));
    CHECK_THAT(error_of(replace_all(header, "rid=f", "rid=e")), contains("MAC is wrong"));
    CHECK_THAT(error_of(replace_all(header, "mac=9", "mac=8")), contains("MAC is wrong"));
}

TEST_CASE("changing any character of the service header is noticed") {
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
        std::string changed(kKnown);
        changed[i] = changed[i] == '1' ? '2' : '1';
        INFO(changed);
        CHECK(error_of(changed) != "");
    }
}

TEST_CASE("a service header that is absent, too long or without a MAC is refused") {
    CHECK_THAT(error_of(""), contains("no Thumb-Auth"));
    CHECK_THAT(error_of("v1;t=1700000000"), contains("no mac"));
    CHECK_THAT(error_of(std::string(513, 'x')), contains("too long"));
    CHECK_THAT(error_of(std::string(kKnown) + "="), contains("MAC is wrong"));
    CHECK_THAT(error_of(std::string(kKnown.substr(0, kKnown.size() - 1))), contains("MAC is wrong"));
    CHECK_THAT(error_of(std::string(kKnown.substr(0, kKnown.find(";mac=") + 5))), contains("MAC is wrong"));
}

TEST_CASE("fields that no edge writes are refused even with the right MAC") {
    const std::string good = "v1;t=1700000000;ip=::1;sid=-;rid=fedcba9876543210fedcba9876543210";
    CHECK(error_of(signed_fields(good)) == "");
    for (const std::string& fields : {
             replace_all(good, "v1", "v2"),
             replace_all(good, "t=1700000000", "t="),
             replace_all(good, "t=1700000000", "t=-1"),
             replace_all(good, "t=1700000000", "t=1700000000x"),
             replace_all(good, "sid=-", "sid="),
             replace_all(good, "sid=-", "sid=0123"),
             replace_all(good, "sid=-", "sid=0123456789ABCDEF0123456789ABCDEF"),
             replace_all(good, "rid=fe", "rid="),
             replace_all(good, "rid=fe", "rid=FE"),
             replace_all(good, "rid=", "rid=0"),
             replace_all(good, ";ip=::1", ""),
             replace_all(good, ";sid=-", ""),
             replace_all(good, "ip=::1;sid=-", "sid=-;ip=::1"),
             good + ";x=1",
             good + ";",
             std::string(),
         }) {
        INFO(fields);
        CHECK_THAT(error_of(signed_fields(fields)), contains("malformed"));
    }
}
