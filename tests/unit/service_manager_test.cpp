// What is taken from the environment, and what is said, on a real datagram socket.
#include "backend/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/notify_socket.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

struct Environment {
    Environment() { clear(); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { clear(); }

    static void clear() {
        for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}) {
            ::unsetenv(name);
        }
    }
    void set(const char* name, const std::string& value) const { ::setenv(name, value.c_str(), 1); }
    std::string own_pid() const { return std::to_string(::getpid()); }
};

ServiceManager manager() {
    auto made = ServiceManager::from_environment();
    REQUIRE(made);
    return std::move(*made);
}

}  // namespace

TEST_CASE("without a service manager nothing is passed, and nothing said") {
    const Environment environment;
    ServiceManager nobody = manager();
    CHECK_FALSE(nobody.take_socket());
    nobody.ready("Serving.");
    nobody.stopping("Bye.");
    boost::asio::io_context io;
    boost::asio::co_spawn(io, nobody.keep_alive(), boost::asio::detached);
    io.run();  // it has nothing to do, so this returns
}

TEST_CASE("sockets that were passed to another process are not taken") {
    const Environment environment;
    environment.set("LISTEN_PID", std::to_string(::getppid()));
    environment.set("LISTEN_FDS", "1");
    CHECK_FALSE(manager().take_socket());
    CHECK(std::getenv("LISTEN_FDS") == nullptr);
}

TEST_CASE("more than one socket, or a number that is none, is refused with what to do") {
    const Environment environment;
    for (const std::string& count : {std::string("2"), std::string("many")}) {
        environment.set("LISTEN_PID", environment.own_pid());
        environment.set("LISTEN_FDS", count);
        const auto refused = ServiceManager::from_environment();
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error(), contains(count) && contains("one ListenStream="));
    }
}

TEST_CASE("the service manager hears that the service is ready, reloads and stops") {
    const Environment environment;
    const NotifySocket listener;
    environment.set("NOTIFY_SOCKET", listener.path());
    ServiceManager told = manager();
    CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
    told.reloaded("Too early.");
    told.reloading();
    told.status("Starting.");
    CHECK(listener.next() == "STATUS=Starting.");
    told.ready("Serving.");
    CHECK(listener.next() == "READY=1\nSTATUS=Serving.");
    told.reloading();
    CHECK_THAT(listener.next(), contains("RELOADING=1\nMONOTONIC_USEC="));
    told.reloaded("Serving.");
    CHECK(listener.next() == "READY=1\nSTATUS=Serving.");
    told.stopping("Finishing.");
    CHECK(listener.next() == "STOPPING=1\nSTATUS=Finishing.");
}

TEST_CASE("a service manager that does not listen stops nobody") {
    const Environment environment;
    const NotifySocket listener;
    environment.set("NOTIFY_SOCKET", listener.path());
    ServiceManager told = manager();
    for (int i = 0; i < 10'000; ++i) told.status("More than its queue holds.");
    CHECK(listener.next() == "STATUS=More than its queue holds.");
}

TEST_CASE("an event loop that runs says so twice in the watchdog's interval, one that hangs does not") {
    const Environment environment;
    const NotifySocket listener;
    environment.set("NOTIFY_SOCKET", listener.path());
    environment.set("WATCHDOG_USEC", "200000");
    environment.set("WATCHDOG_PID", environment.own_pid());
    const ServiceManager told = manager();
    boost::asio::io_context io;
    boost::asio::co_spawn(io, told.keep_alive(), boost::asio::detached);
    io.run_for(std::chrono::seconds(1));
    std::size_t signs = 0;
    while (listener.next(0ms) == "WATCHDOG=1") ++signs;
    CHECK(signs >= 3);  // of 10, on a machine that has other things to do
    CHECK(signs <= 11);
    CHECK(listener.next(300ms).empty());  // nobody runs the loop
}

TEST_CASE("the watchdog of another process is not fed") {
    const Environment environment;
    const NotifySocket listener;
    environment.set("NOTIFY_SOCKET", listener.path());
    environment.set("WATCHDOG_USEC", "1000");
    environment.set("WATCHDOG_PID", std::to_string(::getppid()));
    const ServiceManager told = manager();
    boost::asio::io_context io;
    boost::asio::co_spawn(io, told.keep_alive(), boost::asio::detached);
    io.run();
    CHECK(listener.next(0ms).empty());
}
