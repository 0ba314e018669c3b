// What a test's logs may not hold: [alert], [emerg] and [crit] lines of nginx, and reports of sanitizers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::test {

// The lines of `log` that are a fault, without those that contain one of `expected`.
std::vector<std::string> faults_in(std::string_view log, const std::vector<std::string>& expected = {});

// Fails the running test, without throwing, when `log` has faults: quotes the first of them and names `whose` log it
// is.
void fail_on_faults(const std::string& whose, std::string_view log, const std::vector<std::string>& expected = {});

// The last `lines` lines, for messages.
std::string tail(std::string_view log, size_t lines = 30);

// Settings that make a program built with sanitizers report what these functions look for, and nothing else. Empty in
// a build without sanitizers. `preload` also loads the runtime ahead of a stock program that will load our module.
std::vector<std::pair<std::string, std::string>> sanitizer_env(bool preload);

}  // namespace thumbgate::test
