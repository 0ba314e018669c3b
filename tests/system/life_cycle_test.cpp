// Starting, reloading, stopping and restarting thumbgated, as a service manager does it.
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <future>

#include "contract/secret.hpp"
#include "contract/service_auth.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/notify_socket.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

// An upload straight to thumbgated's socket, in two halves: the session is made for it, as for a first visit.
class SlowUpload {
  public:
    explicit SlowUpload(const Stack& stack)
        : picture_(read_file(photos::flower().path)), connection_({.unix_socket = stack.backend_socket()}) {
        const auto secret = thumbgate::SharedSecret::read_file(stack.dir() / "secret");
        const auto now = static_cast<std::uint64_t>(std::time(nullptr));
        const std::string auth = thumbgate::sign_service_request(secret->service, "POST", "/api/photos",
                                                                 {now, "192.0.2.1", "", std::string(32, 'c')});
        connection_.send("POST /api/photos HTTP/1.1\r\nThumb-Auth: " + auth + "\r\nContent-Type: image/jpeg\r\n" +
                         "Content-Length: " + std::to_string(picture_.size()) + "\r\nExpect: 100-continue\r\n\r\n");
        // It is asked for, so it is under way.
        if (!connection_.read_until("\r\n\r\n", 20s).contains("100 Continue")) FAIL("no upload is begun");
        connection_.send(std::string_view(picture_).substr(0, picture_.size() / 2));
    }

    // The answer's header.
    std::string finish() {
        connection_.send(std::string_view(picture_).substr(picture_.size() / 2));
        return connection_.read_until("\r\n\r\n", 20s);
    }

    RawConnection& connection() { return connection_; }

  private:
    std::string picture_;
    RawConnection connection_;
};

bool is_stopping(const Stack& stack) {
    return read_if_there(stack.dir() / "log/thumbgated.log").contains("\"stopping\"");
}

}  // namespace

TEST_CASE("a service manager hears of a service that can convert, of its reloads and of its end") {
    const NotifySocket manager;
    Thumbgated backend({.env = {{"NOTIFY_SOCKET", manager.path()}}});
    CHECK(manager.next_with("READY=1") == "READY=1\nSTATUS=Serving.");
    backend.signal(SIGHUP);
    CHECK_THAT(manager.next(), contains("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(manager.next() == "READY=1\nSTATUS=Serving.");
    write_file(backend.options().keys, "nonsense\n", 0600);
    backend.signal(SIGHUP);
    CHECK_THAT(manager.next(), contains("RELOADING=1"));
    CHECK_THAT(manager.next(), contains("READY=1") && contains("The key file is refused"));
    backend.drain();
    CHECK_THAT(manager.next(), contains("STOPPING=1"));
}

TEST_CASE("the watchdog hears from a service that works, and nothing from one that hangs") {
    const NotifySocket manager;
    Thumbgated backend({.env = {{"NOTIFY_SOCKET", manager.path()}, {"WATCHDOG_USEC", "500000"}}});
    for (int i = 0; i < 5; ++i) CHECK(manager.next_with("WATCHDOG=1") == "WATCHDOG=1");
    backend.pause();
    wait_until(2s, [&] { return manager.next(0ms).empty(); });
    CHECK(manager.next_with("WATCHDOG=1", 1500ms).empty());
    backend.resume();
    CHECK(manager.next_with("WATCHDOG=1") == "WATCHDOG=1");
}

TEST_CASE("a socket that is passed stays when the service goes, and the next one answers who came meanwhile") {
    Thumbgated backend({.is_activated = true});
    CHECK_FALSE(std::filesystem::exists(backend.socket().string() + ".lock"));
    backend.drain();
    auto meanwhile = std::async(std::launch::async, [&] { return backend.send({.url = "/api/photos"}); });
    backend.start();
    CHECK(meanwhile.get().status == 403);  // it comes without the edge's MAC
}

TEST_CASE("a socket that is passed but is not the one of --listen ends the start, and says which is which") {
    const TempDir dir;
    const auto socket = listen_on(dir / "other.sock");
    write_file(dir / "keys", kKeyFile, 0600);
    write_file(dir / "secret", kSecret, 0600);
    Process thumbgated({.argv = {"/bin/sh", "-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"", "sh", built("thumbgated"),
                                 "--listen", "unix:./s", "--keys", "keys", "--secret", "secret", "--photos", "photos",
                                 "--redis", "unix:./redis.sock"},
                        .cwd = dir.path(),
                        .stderr_file = dir / "err",
                        .passed_socket = socket.get()});
    const auto ended = thumbgated.wait(20s);
    REQUIRE(ended);
    CHECK(ended->code == 1);
    CHECK_THAT(read_file(dir / "err"), contains("listens elsewhere") && contains("ListenStream=") && contains("./s"));
    CHECK(accepts_connections({.unix_socket = dir / "other.sock"}));
}

TEST_CASE("an upload that is under way when the service is stopped is finished and kept") {
    Stack stack({.is_activated = true});
    SlowUpload upload(stack);
    stack.backend().signal(SIGTERM);
    REQUIRE(wait_until(20s, [&] { return is_stopping(stack); }));
    const std::string answer = upload.finish();
    CHECK_THAT(answer, contains("201 Created") && contains("Connection: close"));
    REQUIRE(stack.backend().wait(20s));
    stack.backend().start();
    const size_t id = answer.find("Location: /api/photos/") + 22;
    CHECK(stack.get(stack.thumbnail(answer.substr(id, 26), "/w:40")).status == 200);
}

TEST_CASE("a service that is asked to stop twice stops at once, and leaves nothing of what it had not finished") {
    Stack stack({.is_activated = true});
    SlowUpload upload(stack);
    stack.backend().signal(SIGTERM);
    REQUIRE(wait_until(20s, [&] { return is_stopping(stack); }));
    stack.backend().signal(SIGTERM);
    const auto ended = stack.backend().wait(10s);
    REQUIRE(ended);
    CHECK(ended->code == 0);
    CHECK(upload.connection().closed_within(10s));
    CHECK(stack.stored_files() == std::vector<std::string>{"tmp/lock"});
    stack.backend().start();
}

TEST_CASE("a service whose Redis dies as it stops ends in time, and answers what it cannot do any more") {
    Stack stack({.is_activated = true});
    SlowUpload upload(stack);
    stack.redis().kill();
    stack.backend().signal(SIGTERM);
    REQUIRE(wait_until(20s, [&] { return is_stopping(stack); }));
    CHECK_THAT(upload.finish(), contains("503"));
    const auto ended = stack.backend().wait(20s);
    REQUIRE(ended);
    CHECK(ended->code == 0);
    stack.redis().start();
    stack.backend().start();
}
