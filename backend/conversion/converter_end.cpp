#include "backend/conversion/converter_end.hpp"

#include <signal.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): sigabbrev_np is not in <cstring>

namespace thumbgate {
namespace {

using enum ConverterEnd::Kind;

std::string signal_name(int number) {
    const char* name = sigabbrev_np(number);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

std::string_view meaning(int signal_number) {
    switch (signal_number) {
        case SIGSYS:
            return ", a forbidden system call";
        case SIGXCPU:
            return ", more processor time than a converter may have";
        case SIGXFSZ:
            return ", a file larger than it may write";
        case SIGKILL:
            return " from outside";
        default:
            return "";
    }
}

}  // namespace

ConverterEnd end_of(const EndNotice& notice) {
    return {notice.was_signalled != 0 ? signalled : exited, notice.number};
}

bool is_own_doing(const ConverterEnd& end) {
    return end.kind == exited || end.kind == lives || (end.kind == signalled && end.number != SIGKILL);
}

std::string_view reason(const ConverterEnd& end) {
    if (end.kind == lives) return "silent";
    if (end.kind == exited) return "exit";
    if (!is_own_doing(end)) return "killed";
    switch (end.number) {
        case SIGSYS:
            return "forbidden_call";
        case SIGXCPU:
            return "cpu_limit";
        case SIGXFSZ:
            return "file_limit";
        default:
            return "crash";
    }
}

std::string describe(const ConverterEnd& end) {
    switch (end.kind) {
        case lives:
            return "it closed its socket and went on";
        case unknown:
            return "it ended with its zygote";
        case exited:
            return "it exited with status " + std::to_string(end.number);
        case signalled:
            break;
    }
    return "killed by " + signal_name(end.number) + std::string(meaning(end.number));
}

}  // namespace thumbgate
