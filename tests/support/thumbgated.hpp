// The real conversion service, build/bin/thumbgated, on a unix socket. Teardown drains it with SIGTERM and fails the
// test when it does not exit by itself with 0, leaves a converter behind, or reported anything through a sanitizer.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/files.hpp"
#include "tests/support/http.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

// Empty paths are filled in below `dir`; `keys` and `secret` are written with kKeyFile and kSecret if they are not
// there.
struct ThumbgatedOptions {
    std::filesystem::path dir = {};  // empty: a folder of its own
    std::filesystem::path config =
        {};  // a thumbgated.toml, relative to `dir`, that says all that follows but public_url
    std::filesystem::path socket = {};
    std::filesystem::path keys = {};
    std::filesystem::path secret = {};
    std::filesystem::path photos = {};
    std::filesystem::path redis = {};  // Redis's unix socket; empty: one that nobody listens on
    std::filesystem::path log = {};
    std::filesystem::path converter = {};  // --converter; empty: thumbgated finds its own
    int converters = 1;
    std::string public_url = {};
    std::vector<std::string> flags = {};  // further flags
    std::map<std::string, std::string> env = {};
    bool is_activated = false;  // as a service manager does it: the socket is the fixture's, and passed to each start
    bool has_fault_points = false;  // of faults/fault_point.hpp, in the converters too
};

class Thumbgated {
  public:
    explicit Thumbgated(const ThumbgatedOptions& options = {});
    ~Thumbgated();

    const ThumbgatedOptions& options() const { return options_; }
    const std::filesystem::path& socket() const { return options_.socket; }
    // Directly over its socket, past the edge. request.url is the target, "/…".
    Response send(Request request) const;

    void drain();   // SIGTERM, and wait for its end
    void kill();    // SIGKILL
    void start();   // again, with the same files
    void launch();  // the same without waiting until it answers
    void signal(int number) const { process_->signal(number); }
    std::optional<ExitStatus> wait(milliseconds timeout) { return process_->wait(timeout); }
    void pause();   // SIGSTOP: connections are accepted by the kernel, nothing is answered
    void resume();  // SIGCONT
    bool running() { return process_->running(); }

    pid_t pid() const { return process_->pid(); }
    pid_t zygote_pid() const;                   // 0: none
    std::vector<pid_t> converter_pids() const;  // children of the zygote
    void kill_converter() const;                // SIGKILL to the first of those for what is done soon

    std::string log() const;  // its JSON lines
    std::string stderr_text() const;

  private:
    std::vector<std::string> command() const;
    std::filesystem::path error_file() const;
    void finish(int signal);

    std::optional<TempDir> own_dir_;
    ThumbgatedOptions options_;
    int unwinding_;
    UniqueFd listening_;  // of one that is activated
    std::optional<Process> process_;
};

}  // namespace thumbgate::test
