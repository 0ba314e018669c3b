#include "tests/support/resources.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <numeric>
#include <string>
#include <system_error>

#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

fs::path proc(pid_t pid) {
    return "/proc/" + std::to_string(pid);
}

// "" also when the process ends while it is read.
std::string text_of(const fs::path& file) {
    try {
        return read_if_there(file);
    } catch (const std::system_error&) {
        return {};
    }
}

// Of a line like "Pss_Anon:     1234 kB"; 0 without it.
std::size_t kilobytes(const std::string& text, const std::string& name) {
    std::size_t at = text.find(name + ":");
    if (at == std::string::npos) return 0;
    at = text.find_first_of("0123456789", at);
    std::size_t number = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), number);
    return number * 1024;
}

void count_descriptors(pid_t pid, Resources& held) {
    std::error_code error;
    for (fs::directory_iterator it(proc(pid) / "fd", error), end; !error && it != end; it.increment(error)) {
        // Also of what was removed since.
        std::error_code closed;
        ++(fs::is_regular_file(*it, closed) ? held.files : held.descriptors);
    }
}

// Children as the kernel lists them, zombies too.
std::size_t zombies_of(pid_t parent) {
    const std::string children = text_of(proc(parent) / "task" / std::to_string(parent) / "children");
    std::size_t count = 0;
    for (std::size_t at = 0; at < children.size();) {
        const std::size_t end = std::min(children.find(' ', at), children.size());
        const std::string stat = text_of(fs::path("/proc") / children.substr(at, end - at) / "stat");
        const std::size_t state = stat.rfind(") ");
        if (state != std::string::npos && stat.substr(state + 2, 1) == "Z") ++count;
        at = end + 1;
    }
    return count;
}

}  // namespace

Resources& Resources::operator+=(const Resources& other) {
    memory += other.memory;
    files += other.files;
    descriptors += other.descriptors;
    zombies += other.zombies;
    return *this;
}

Resources resources_of(pid_t pid) {
    Resources held;
    held.memory = kilobytes(text_of(proc(pid) / "smaps_rollup"), "Pss_Anon");
    held.zombies = zombies_of(pid);
    count_descriptors(pid, held);
    return held;
}

Resources resources_of_family(pid_t ancestor) {
    Resources sum = resources_of(ancestor);
    for (const pid_t pid : descendants_of(ancestor)) sum += resources_of(pid);
    return sum;
}

double rise_of(const std::vector<double>& values) {
    const auto count = static_cast<double>(values.size());
    if (values.size() < 2) return 0;
    const double middle = (count - 1) / 2;
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double together = 0;
    double alone = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double x = static_cast<double>(i) - middle;
        together += x * (values[i] - mean);
        alone += x * x;
    }
    return together / alone * (count - 1);
}

}  // namespace thumbgate::test
