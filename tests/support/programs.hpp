// Where the programs under test and the tools of the tests are.
#pragma once

#include <filesystem>
#include <string_view>

namespace thumbgate::test {

// build/bin/NAME; fails the test, naming it, when it has not been built.
std::filesystem::path built(std::string_view name);
inline std::filesystem::path module_path(bool with_fault_points = false) {
    return built(with_fault_points ? "ngx_http_thumb_module_faults.so" : "ngx_http_thumb_module.so");
}

// Where PATH has a program; fails the test when nowhere.
std::filesystem::path in_path(std::string_view name);

// What the build made of docs/openapi.yaml, for nginx to serve.
std::filesystem::path apidocs_dir();

// The root of the repository, where conf/ and contract/vectors/ are.
std::filesystem::path repository();

}  // namespace thumbgate::test
