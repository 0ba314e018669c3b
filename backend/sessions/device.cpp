#include "backend/sessions/device.hpp"

#include <array>

namespace thumbgate {
namespace {

struct Mark {
    std::string_view in_header;
    std::string_view name;
};

// In this order: each pretends to be those below it.
constexpr std::array<Mark, 13> kPrograms{{
    {"Edg", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Vivaldi/", "Vivaldi"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {"curl/", "curl"},
    {"Wget/", "Wget"},
    {"python-", "Python"},
    {"Go-http-client/", "Go"},
}};
constexpr std::array<Mark, 8> kSystems{{
    {"iPhone", "iPhone"},
    {"iPad", "iPad"},
    {"Android", "Android"},
    {"Windows", "Windows"},
    {"CrOS", "ChromeOS"},
    {"Macintosh", "Mac"},
    {"Linux", "Linux"},
    {"BSD", "BSD"},
}};

template <std::size_t N>
std::string_view first_in(std::string_view header, const std::array<Mark, N>& marks) {
    for (const Mark& mark : marks) {
        if (header.find(mark.in_header) != std::string_view::npos) return mark.name;
    }
    return {};
}

}  // namespace

std::string describe_device(std::string_view user_agent) {
    const std::string_view program = first_in(user_agent, kPrograms);
    const std::string_view system = first_in(user_agent, kSystems);
    if (program.empty() && system.empty()) return "Unknown device";
    std::string words(program.empty() ? std::string_view("Unknown browser") : program);
    if (!system.empty()) words.append(" on ").append(system);
    return words;
}

}  // namespace thumbgate
