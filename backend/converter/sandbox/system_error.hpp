// errno in words.
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <system_error>

namespace thumbgate {

inline std::unexpected<std::string> system_error(const std::string& what, int number = errno) {
    return std::unexpected(what + ": " + std::generic_category().message(number));
}

}  // namespace thumbgate
