// What is said of a converter that was lost.
#include "backend/conversion/converter_end.hpp"

#include <signal.h>

#include "tests/support/catch.hpp"

using namespace thumbgate;
using Kind = ConverterEnd::Kind;

namespace {

ConverterEnd killed_by(int number) {
    return {Kind::signalled, number};
}

}  // namespace

TEST_CASE("A zygote's notice says whether a converter was killed or left") {
    const ConverterEnd killed = end_of({.was_signalled = 1, .number = SIGSYS});
    CHECK(killed.kind == Kind::signalled);
    CHECK(killed.number == SIGSYS);
    CHECK(end_of({.was_signalled = 0, .number = 1}).kind == Kind::exited);
}

TEST_CASE("A converter is to blame for every end but one that came from outside") {
    for (const int number : {SIGSYS, SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGXCPU, SIGXFSZ}) {
        CHECK(is_own_doing(killed_by(number)));
    }
    CHECK(is_own_doing({Kind::exited, 0}));
    CHECK(is_own_doing({Kind::lives, 0}));
    CHECK_FALSE(is_own_doing(killed_by(SIGKILL)));
    CHECK_FALSE(is_own_doing({Kind::unknown, 0}));
}

TEST_CASE("An end has one word for the metrics and a few for the log") {
    CHECK(reason(killed_by(SIGSYS)) == "forbidden_call");
    CHECK(reason(killed_by(SIGXCPU)) == "cpu_limit");
    CHECK(reason(killed_by(SIGXFSZ)) == "file_limit");
    CHECK(reason(killed_by(SIGSEGV)) == "crash");
    CHECK(reason(killed_by(SIGKILL)) == "killed");
    CHECK(reason({Kind::unknown, 0}) == "killed");
    CHECK(reason({Kind::exited, 1}) == "exit");
    CHECK(reason({Kind::lives, 0}) == "silent");
    CHECK(describe(killed_by(SIGSYS)) == "killed by SIGSYS, a forbidden system call");
    CHECK(describe(killed_by(SIGSEGV)) == "killed by SIGSEGV");
    CHECK(describe({Kind::exited, 3}) == "it exited with status 3");
    CHECK(describe({Kind::unknown, 0}) == "it ended with its zygote");
}
