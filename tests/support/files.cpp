#include "tests/support/files.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <system_error>

#include "tests/support/unique_fd.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

constexpr size_t kLongestTempPath = 60;  // leaves 47 bytes for a socket's name below it

[[noreturn]] void throw_errno(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

TempDir::TempDir() {
    const char* base = getenv("TMPDIR");
    std::string name = std::string(base && *base ? base : "/tmp") + "/tg-XXXXXX";
    if (name.size() > kLongestTempPath) name = "/tmp/tg-XXXXXX";
    if (!mkdtemp(name.data())) throw_errno("mkdtemp " + name);
    path_ = name;
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
}

TempDir::~TempDir() {
    if (path_.empty()) return;
    if (getenv("THUMBGATE_KEEP")) {
        std::cerr << "kept: " << path_.string() << '\n';
        return;
    }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string read_file(const fs::path& path) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw_errno("open " + path.string());
    std::string content;
    char buffer[65536];
    for (ssize_t n; (n = read(fd.get(), buffer, sizeof buffer)) != 0;) {
        if (n < 0) throw_errno("read " + path.string());
        content.append(buffer, static_cast<size_t>(n));
    }
    return content;
}

std::string read_if_there(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) ? read_file(path) : std::string();
}

void write_file(const fs::path& path, std::string_view content, mode_t mode) {
    if (path.has_parent_path()) fs::create_directories(path.parent_path());
    UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd) throw_errno("create " + path.string());
    if (fchmod(fd.get(), mode) != 0) throw_errno("chmod " + path.string());
    while (!content.empty()) {
        const ssize_t n = write(fd.get(), content.data(), content.size());
        if (n < 0) throw_errno("write " + path.string());
        content.remove_prefix(static_cast<size_t>(n));
    }
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::vector<std::string> files_below(const fs::path& dir) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (fs::recursive_directory_iterator it(dir, ignored), end; it != end; it.increment(ignored)) {
        if (it->is_regular_file(ignored)) names.push_back(fs::relative(it->path(), dir, ignored).string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

}  // namespace thumbgate::test
