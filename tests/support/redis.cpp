#include "tests/support/redis.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/sockets.hpp"

namespace thumbgate::test {

namespace {

constexpr auto kStartDeadline = 10s;
constexpr auto kQuitDeadline = 5s;

bool answers(const std::filesystem::path& socket) {
    try {
        RawConnection connection({.unix_socket = socket});
        connection.send("PING\r\n");
        return connection.read_until("\r\n", 500ms) == "+PONG\r\n";  // an error while it still loads its data
    } catch (const std::system_error&) {
        return false;
    }
}

}  // namespace

Redis::Redis(const RedisOptions& options) : dir_(options.dir), socket_(options.socket), conf_file_(options.conf_file) {
    if (dir_.empty()) dir_ = own_dir_.emplace().path();
    if (socket_.empty()) socket_ = dir_ / "redis.sock";
    log_file_ = dir_ / "log/redis.log";
    std::filesystem::create_directories(log_file_.parent_path());
    start();
}

Redis::~Redis() {
    if (!process_ || !process_->running()) return;
    process_->signal(SIGCONT);
    process_->signal(SIGTERM);
    if (!process_->wait(kQuitDeadline)) fail_quietly("redis-server did not exit within its deadline:\n" + tail(log()));
}

void Redis::start() {
    const std::vector<std::string> by_file{"redis-server", conf_file_.string()};
    const std::vector<std::string> by_flags{"redis-server",
                                            "--port",
                                            "0",
                                            "--unixsocket",
                                            socket_.string(),
                                            "--dir",
                                            dir_.string(),
                                            "--appendonly",
                                            "yes",
                                            "--save",
                                            "",
                                            "--daemonize",
                                            "no"};
    std::filesystem::remove(socket_);
    process_.emplace(SpawnOptions{.argv = conf_file_.empty() ? by_flags : by_file,
                                  .cwd = dir_,
                                  .stdout_file = log_file_,
                                  .stderr_file = log_file_});
    const bool started = wait_until(kStartDeadline, [this] { return answers(socket_) || !process_->running(); });
    if (!started || !process_->running()) FAIL("redis-server did not start:\n" << tail(log()));
}

std::string Redis::command(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{"redis-cli", "-s", socket_.string()};
    argv.insert(argv.end(), words.begin(), words.end());
    const RunResult result = run(argv, {.timeout = 5s});
    std::string text = result.out.empty() ? result.err : result.out;
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

void Redis::pause() {
    process_->signal(SIGSTOP);
}

void Redis::resume() {
    process_->signal(SIGCONT);
}

void Redis::kill() {
    process_->kill();
}

void Redis::settle() const {
    const bool is_settled = wait_until(kQuitDeadline, [this] {
        return command({"INFO", "persistence"}).find("aof_buffer_length:0") != std::string::npos;
    });
    if (!is_settled) FAIL("redis-server does not write what it has:\n" << tail(log()));
}

std::string Redis::log() const {
    return read_if_there(log_file_);
}

}  // namespace thumbgate::test
