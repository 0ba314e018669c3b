#include "tests/support/programs.hpp"

#include <cstdlib>
#include <sstream>

#include "tests/support/failure.hpp"

namespace thumbgate::test {

std::filesystem::path built(std::string_view name) {
    std::filesystem::path path = std::filesystem::path(THUMBGATE_BIN_DIR) / name;
    if (!std::filesystem::exists(path)) fail_fixture("not built: " + path.string());
    return path;
}

std::filesystem::path in_path(std::string_view name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::filesystem::path program = std::filesystem::path(folder) / name;
        if (std::filesystem::exists(program)) return program;
    }
    fail_fixture("not in PATH: " + std::string(name));
}

std::filesystem::path apidocs_dir() {
    return THUMBGATE_APIDOCS_DIR;
}

std::filesystem::path repository() {
    return THUMBGATE_SOURCE_DIR;
}

}  // namespace thumbgate::test
