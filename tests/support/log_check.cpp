#include "tests/support/log_check.hpp"

#include <algorithm>
#include <array>

#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"

namespace thumbgate::test {

namespace {

constexpr std::array<std::string_view, 8> kFaults = {
    "[alert]",
    "[emerg]",
    "[crit]",
    "ERROR: AddressSanitizer",
    "ERROR: LeakSanitizer",
    "runtime error: ",
    "ThreadSanitizer",
    "Sanitizer:DEADLYSIGNAL",
};
constexpr size_t kQuoted = 8;           // faults quoted in a failure's message
constexpr size_t kLinesOfAReport = 40;  // lines quoted from a sanitizer's report

bool holds_any(std::string_view line, const auto& parts) {
    return std::any_of(parts.begin(), parts.end(), [line](const auto& part) { return line.contains(part); });
}

}  // namespace

std::vector<std::string> faults_in(std::string_view log, const std::vector<std::string>& expected) {
    std::vector<std::string> faults;
    for (auto& line : lines_of(log)) {
        if (holds_any(line, kFaults) && !holds_any(line, expected)) faults.push_back(std::move(line));
    }
    return faults;
}

void fail_on_faults(const std::string& whose, std::string_view log, const std::vector<std::string>& expected) {
    const auto faults = faults_in(log, expected);
    if (faults.empty()) return;
    std::string message = whose + " holds " + std::to_string(faults.size()) + " fault(s):";
    for (size_t i = 0; i < std::min(faults.size(), kQuoted); ++i) message += "\n  " + faults[i];
    if (const size_t report = log.find("Sanitizer"); report != std::string_view::npos) {
        const auto lines = lines_of(log.substr(report));
        for (size_t i = 0; i < std::min(lines.size(), kLinesOfAReport); ++i) message += "\n    " + lines[i];
    }
    fail_quietly(message);
}

std::string tail(std::string_view log, size_t lines) {
    const auto all = lines_of(log);
    std::string text;
    for (size_t i = all.size() - std::min(lines, all.size()); i < all.size(); ++i) text += all[i] + '\n';
    return text;
}

std::vector<std::pair<std::string, std::string>> sanitizer_env([[maybe_unused]] bool preload) {
    std::vector<std::pair<std::string, std::string>> env;
#ifdef THUMBGATE_ASAN_LIBRARY
    // Stock programs and their plug-ins never free at exit, so leaks are looked for in our own programs only.
    env.emplace_back("ASAN_OPTIONS", preload ? "detect_leaks=0" : "detect_leaks=1");
    env.emplace_back("UBSAN_OPTIONS", "print_stacktrace=1");
    if (preload) env.emplace_back("LD_PRELOAD", THUMBGATE_ASAN_LIBRARY);
#endif
    return env;
}

}  // namespace thumbgate::test
