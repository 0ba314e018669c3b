#include "tests/support/programs.hpp"

#include "tests/support/catch.hpp"

namespace thumbgate::test {

std::filesystem::path built(std::string_view name) {
    std::filesystem::path path = std::filesystem::path(THUMBGATE_BIN_DIR) / name;
    if (!std::filesystem::exists(path)) FAIL("not built: " << path.string());
    return path;
}

std::filesystem::path repository() {
    return THUMBGATE_SOURCE_DIR;
}

}  // namespace thumbgate::test
