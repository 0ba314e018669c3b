// The service header: nothing is accepted without the key; with the right MAC, only fields that an edge writes.
#include <string>

#include "contract/encoding.hpp"
#include "contract/service_auth.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

namespace {

constexpr std::uint64_t kNow = 1'700'000'000;
const HmacKey kKey("fuzz");

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string fields(text_of(data, size));
    expect(!verify_service_request(kKey, "GET", "/", fields, kNow));

    const std::string header = fields + ";mac=" + base64url_encode(kKey.mac({"GET\n/\n", fields}));
    const auto identity = verify_service_request(kKey, "GET", "/", header, kNow);
    if (!identity) return 0;
    expect(identity->request_id.size() == 32);
    expect(identity->session.empty() || identity->session.size() == 32);
    expect(identity->client.find(';') == std::string::npos);
    const std::string again = sign_service_request(kKey, "GET", "/", *identity);
    const auto same = verify_service_request(kKey, "GET", "/", again, kNow);
    expect(same && same->client == identity->client && same->session == identity->session);
    return 0;
}
