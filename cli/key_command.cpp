#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>

#include "cli/commands.hpp"

namespace thumbgate::cli {
namespace {

struct KeyArguments {
    std::string id;
    std::string file;
};

// Appends, so that a file's first key goes on signing until its line is moved or removed.
ExitStatus append_line(const std::string& path, const std::string& line) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) return complain("\"" + path + "\": " + std::strerror(errno));
    const std::string text = line + "\n";
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    const int error = errno;
    ::close(fd);
    return written ? 0 : complain("\"" + path + "\": " + std::strerror(error));
}

ExitStatus new_key(const KeyArguments& arguments) {
    const std::string id = arguments.id.empty() ? "k" + std::to_string(unix_now()) : arguments.id;
    const std::string line = new_key_line(id);
    if (const auto ring = KeyRing::parse(line); !ring) return complain("--id \"" + id + "\": " + ring.error());
    if (!arguments.file.empty()) return append_line(arguments.file, line);
    std::cout << line << '\n';
    return 0;
}

}  // namespace

void add_key_command(CLI::App& app, ExitStatus& status) {
    CLI::App* key = app.add_subcommand("key", "Make keys");
    key->require_subcommand(1);
    CLI::App* make = key->add_subcommand("new", "Make a key: a line for a key file");
    auto arguments = std::make_shared<KeyArguments>();
    make->add_option("--id", arguments->id, "Name of the key (default: k<unix time>)");
    make->add_option("file", arguments->file, "Key file to append it to (made with mode 0600); default: print it");
    make->callback([arguments, &status] { status = new_key(*arguments); });
}

}  // namespace thumbgate::cli
