#include "tests/support/service_request.hpp"

#include <atomic>
#include <ctime>

#include "contract/secret.hpp"
#include "contract/service_auth.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/keys.hpp"

namespace thumbgate::test {

namespace {

SharedSecret test_secret() {
    const TempDir dir;
    write_file(dir / "secret", kSecret, 0600);
    auto secret = SharedSecret::read_file(dir / "secret");
    if (!secret) fail_fixture(secret.error());
    return *secret;
}

std::string next_id() {
    static std::atomic<unsigned> last{0};
    std::string id = std::to_string(++last);
    return id.insert(0, 32 - id.size(), '0');
}

}  // namespace

std::string service_auth(const std::string& method, const std::string& target) {
    static const SharedSecret kShared = test_secret();
    const auto now = static_cast<std::uint64_t>(std::time(nullptr));
    return sign_service_request(kShared.service, method, target, ServiceIdentity{now, "192.0.2.1", "", next_id()});
}

Request from_edge(Request request) {
    request.headers.add("Thumb-Auth", service_auth(request.method, request.url));
    return request;
}

}  // namespace thumbgate::test
