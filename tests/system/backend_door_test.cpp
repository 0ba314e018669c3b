// The backend's door: nobody but the edge comes in, and there is no other.
#include <ctime>

#include "contract/secret.hpp"
#include "contract/service_auth.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;
using thumbgate::ServiceIdentity;

namespace {

struct Door {
    Stack stack;
    thumbgate::SharedSecret secret = *thumbgate::SharedSecret::read_file(stack.dir() / "secret");

    Response knock(const std::string& method, const std::string& target, const std::string& auth) {
        Request request{.url = target, .method = method};
        if (!auth.empty()) request.headers.add("Thumb-Auth", auth);
        return stack.backend().send(request);
    }
    std::string auth(const std::string& method, const std::string& target, std::int64_t age = 0, char id = 'a') const {
        const auto now = static_cast<std::uint64_t>(std::time(nullptr) - age);
        return sign_service_request(secret.service, method, target,
                                    ServiceIdentity{now, "192.0.2.1", "", std::string(32, id)});
    }
};

}  // namespace

TEST_CASE("a request without the edge's MAC, with an old one, or with one for another target is 403") {
    Door door;
    const std::string target = "/api/photos";
    CHECK(door.knock("GET", target, door.auth("GET", target)).status == 401);  // in, but without a session
    CHECK(door.knock("GET", target, "").status == 403);
    CHECK(door.knock("GET", target, "nonsense").status == 403);
    CHECK(door.knock("GET", target, door.auth("GET", target, 31)).status == 403);
    CHECK(door.knock("GET", target, door.auth("GET", target, -32)).status == 403);
    CHECK(door.knock("GET", target, door.auth("GET", "/api/photos/x")).status == 403);
    CHECK(door.knock("GET", target + "?limit=1", door.auth("GET", target)).status == 403);
    CHECK(door.knock("DELETE", target, door.auth("GET", target)).status == 403);
    const Response refused = door.knock("GET", "/metrics/backend", "");
    CHECK(refused.status == 403);
    CHECK(refused.header("content-type") == "application/problem+json");
}

TEST_CASE("the MAC of a request that changes something is good for one time") {
    Door door;
    const std::string auth = door.auth("POST", "/api/sessions");
    CHECK(door.knock("POST", "/api/sessions", auth).status == 201);
    CHECK(door.knock("POST", "/api/sessions", auth).status == 403);
    CHECK(door.knock("POST", "/api/sessions", door.auth("POST", "/api/sessions", 0, 'b')).status == 201);
    const std::string read = door.auth("GET", "/api/photos");
    CHECK(door.knock("GET", "/api/photos", read).status == door.knock("GET", "/api/photos", read).status);
}

TEST_CASE("nothing listens on TCP but nginx") {
    Stack stack;
    const RunResult sockets = run({"ss", "-Hltnp"});
    REQUIRE(sockets.ok());
    std::vector<pid_t> ours = descendants_of(getpid());
    std::string listening;
    std::istringstream lines(sockets.out);
    for (std::string line; std::getline(lines, line);) {
        for (const pid_t pid : ours) {
            if (line.find("pid=" + std::to_string(pid) + ",") != std::string::npos) {
                listening += line + "\n";
                CHECK_THAT(line, contains("\"nginx\"") && contains(":" + std::to_string(stack.port())));
                break;
            }
        }
    }
    CHECK_FALSE(listening.empty());
}

TEST_CASE("the zygote and its converters have no secret in their environment or on their command line") {
    Stack stack;
    for (const pid_t pid : descendants_of(stack.backend().pid())) {
        const std::string environment = read_file("/proc/" + std::to_string(pid) + "/environ");
        CHECK_THAT(environment, !contains("THUMBGATE") && !contains("secret"));
        CHECK_THAT(command_line(pid), !contains("secret") && !contains("keys"));
    }
}
