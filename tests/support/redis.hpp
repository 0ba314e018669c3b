// A real redis-server on a unix socket, without a TCP port. Its data are in an append-only file, so that they are there
// again after kill() and start().
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace thumbgate::test {

struct RedisOptions {
    std::filesystem::path dir = {};     // data and log; empty: a folder of its own
    std::filesystem::path socket = {};  // empty: redis.sock in `dir`
    // A redis.conf that says everything by itself, `socket` too; relative to `dir`, in which redis-server then runs.
    std::filesystem::path conf_file = {};
};

class Redis {
  public:
    explicit Redis(const RedisOptions& options = {});
    ~Redis();

    const std::filesystem::path& socket() const { return socket_; }
    // redis-cli: {"SET", "a", "1"} → "OK". An error's text too, as redis-cli prints it.
    std::string command(const std::vector<std::string>& words) const;

    void pause();   // SIGSTOP: connections are accepted by the kernel, nothing is answered
    void resume();  // SIGCONT
    void kill();    // SIGKILL
    // Waits until what it has acknowledged outlives a kill: while its disk is slow it holds it back, for up to two
    // seconds.
    void settle() const;
    void start();  // again, with the same data
    void restart() { kill(), start(); }
    pid_t pid() const { return process_->pid(); }
    std::string log() const;

  private:
    std::optional<TempDir> own_dir_;
    std::filesystem::path dir_;
    std::filesystem::path socket_;
    std::filesystem::path conf_file_;
    std::filesystem::path log_file_;
    std::optional<Process> process_;
};

}  // namespace thumbgate::test
