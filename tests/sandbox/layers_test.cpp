// The layers of the sandbox: that they are in force and reported, and what each refuses by itself.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "backend/converter/sandbox/landlock.hpp"
#include "backend/converter/sandbox/limits.hpp"
#include "backend/converter/sandbox/namespaces.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr int kNotInForce = 255;

constexpr const char* kFonts = "/usr/share/fonts";
constexpr const char* kFont = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

// The exit status of `act` in a process of its own.
int in_child(int (*act)()) {
    const pid_t pid = fork();
    if (pid == 0) _exit(act());
    int status = 0;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int error_of_open(const char* path) {
    return open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

}  // namespace

TEST_CASE("The layers that no converter goes without are reported, once") {
    PoolFixture fixture(config_of(2));
    const SandboxLayers layers = fixture.observed.layers;
    INFO(describe(layers));
    for (const Layer layer : {Layer::no_new_privs, Layer::limits, Layer::seccomp}) CHECK(layers.has(layer));
    CHECK(layers.has(Layer::landlock) == (layers.landlock_abi > 0));
    signal_all(fixture.converters(), SIGKILL);
    REQUIRE(fixture.run_until([&] { return fixture.observed.replaced["killed"] == 2; }));
    CHECK(fixture.result(fixture.inspect(photos::storm().path)));
    CHECK(fixture.observed.sandbox_reports == 1);
}

TEST_CASE("A converter that cannot install its filter takes no job, and the pool says why") {
    boost::asio::io_context context;
    Observed observed;
    PoolConfig config = config_of(1);
    config.program = built("thumbgate-converter-unfiltered");
    const auto pool = ConverterPool::start(context.get_executor(), config, observed);
    REQUIRE_FALSE(pool);
    CHECK_THAT(pool.error().detail, contains("the sandbox: seccomp: Operation not permitted"));
    CHECK(observed.sandbox_reports == 0);
}

TEST_CASE("The layers are written as a line of a log") {
    SandboxLayers layers;
    CHECK(describe(layers).empty());
    layers.add(Layer::seccomp);
    layers.add(Layer::landlock);
    layers.landlock_abi = 4;
    layers.add(Layer::uts);
    CHECK(describe(layers) == "seccomp landlock=4 uts");
}

TEST_CASE("Landlock alone refuses every file") {
    const int error = in_child([] {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        return enter_landlock() == 0 ? kNotInForce : error_of_open("/etc/passwd");
    });
    if (error != kNotInForce) CHECK(error == EACCES);
}

TEST_CASE("Landlock alone lets the files of a folder be read that is named, and nothing else") {
    const int error = in_child([] {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (enter_landlock(std::vector<std::string>{"/no/such/folder", kFonts}) == 0) return kNotInForce;
        if (error_of_open(kFont) != 0) return 1;
        if (error_of_open("/etc/passwd") != EACCES) return 2;
        if (open(kFont, O_WRONLY | O_CLOEXEC) >= 0 || errno != EACCES) return 3;
        return open(kFonts, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 4;
    });
    if (error != kNotInForce) CHECK(error == 0);
}

TEST_CASE("The mount namespace alone has the folders that are shown, read-only, and no other file") {
    const int error = in_child([] {
        const std::vector<std::string> shown{"/no/such/folder", kFonts};
        if (!enter_namespaces(shown).has(Layer::mount)) return kNotInForce;
        if (error_of_open(kFont) != 0) return 1;
        if (error_of_open("/etc/passwd") != ENOENT || error_of_open("/proc/self/status") != ENOENT) return 2;
        if (open("/usr/share/fonts/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 || errno != EROFS) return 3;
        return mkdir("/new", 0700) != 0 && errno == EROFS ? 0 : 4;
    });
    if (error != kNotInForce) CHECK(error == 0);
}

TEST_CASE("The mount namespace alone has no file") {
    const int error =
        in_child([] { return enter_namespaces().has(Layer::mount) ? error_of_open("/etc/passwd") : kNotInForce; });
    if (error != kNotInForce) CHECK(error == ENOENT);
}

TEST_CASE("The network namespace alone reaches nobody") {
    const int error = in_child([] {
        if (!enter_namespaces().has(Layer::network)) return kNotInForce;
        const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in loopback{};
        loopback.sin_family = AF_INET;
        loopback.sin_port = htons(9);
        loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return connect(socket_fd, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0 ? 0 : errno;
    });
    if (error != kNotInForce) CHECK(error == ENETUNREACH);
}

TEST_CASE("Root is nobody behind the namespaces") {
    const int user = in_child([] {
        const bool entered = enter_namespaces().has(Layer::user);
        return entered && getuid() != 0 ? 0 : 1;
    });
    if (geteuid() == 0) CHECK(user == 0);
}

TEST_CASE("Limits only go down") {
    const int error = in_child([] {
        SandboxLimits limits;
        limits.descriptors = 8;
        if (!set_limits(limits, false)) return 1;
        limits.descriptors = 16;
        if (!set_limits(limits, false)) return 2;
        int last = 0;
        while (last >= 0 && last < 100) last = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return last < 0 && errno == EMFILE ? 0 : 3;
    });
    CHECK(error == 0);
}
