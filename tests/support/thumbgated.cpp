#include "tests/support/thumbgated.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <iostream>

#include "tests/support/catch.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/keys.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/sockets.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

constexpr auto kStartDeadline = 20s;
constexpr auto kDrainDeadline = 15s;  // a conversion under way may be finished first

void fill(fs::path& path, const fs::path& otherwise) {
    if (path.empty()) path = otherwise;
}

void write_if_absent(const fs::path& path, std::string_view content) {
    if (!fs::exists(path)) write_file(path, content, 0600);
}

}  // namespace

Thumbgated::Thumbgated(const ThumbgatedOptions& options) : options_(options), unwinding_(std::uncaught_exceptions()) {
    if (options_.dir.empty()) options_.dir = own_dir_.emplace().path();
    const fs::path& dir = options_.dir;
    fill(options_.socket, dir / "run/thumbgated.sock");
    fill(options_.keys, dir / "keys");
    fill(options_.secret, dir / "secret");
    fill(options_.photos, dir / "photos");
    fill(options_.redis, dir / "run/no-redis.sock");
    fill(options_.log, dir / "log/thumbgated.log");
    write_if_absent(options_.keys, kKeyFile);
    write_if_absent(options_.secret, kSecret);
    for (const fs::path& folder : {options_.socket.parent_path(), options_.photos, options_.log.parent_path()}) {
        fs::create_directories(folder);
    }
    if (options_.is_activated) listening_ = listen_on(options_.socket);
    start();
}

Thumbgated::~Thumbgated() {
    if (process_ && process_->running()) finish(SIGTERM);
    fail_on_faults("thumbgated's stderr", stderr_text());
    if (std::uncaught_exceptions() > unwinding_) {
        std::cerr << "--- end of thumbgated's stderr\n" << tail(stderr_text()) << "--- and of its log\n" << tail(log());
    }
}

// Beside its log.
fs::path Thumbgated::error_file() const {
    return options_.log.string() + ".err";
}

std::vector<std::string> Thumbgated::command() const {
    const ThumbgatedOptions& o = options_;
    std::vector<std::string> argv;
    // Its own number, which a service manager passes along, is the shell's.
    if (o.is_activated) argv = {"/bin/sh", "-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"", "sh"};
    const std::string program = built(o.has_fault_points ? "thumbgated_faults" : "thumbgated");
    argv.insert(argv.end(), {program, "--cookie-secure", "false"});
    const auto add = [&argv](const char* flag, const std::string& value) {
        if (!value.empty()) argv.insert(argv.end(), {flag, value});
    };
    add("--config", o.config);
    add("--public-url", o.public_url);
    add("--log", o.log);
    if (o.has_fault_points && o.converter.empty()) add("--converter", built("thumbgate-converter_faults"));
    if (o.config.empty()) {
        add("--listen", "unix:" + o.socket.string());
        add("--keys", o.keys);
        add("--secret", o.secret);
        add("--photos", o.photos);
        add("--redis", "unix:" + o.redis.string());
        add("--converters", std::to_string(o.converters));
        add("--converter", o.converter);
    }
    argv.insert(argv.end(), o.flags.begin(), o.flags.end());
    return argv;
}

void Thumbgated::launch() {
    const auto sanitizers = sanitizer_env(false);
    std::map<std::string, std::string> env{sanitizers.begin(), sanitizers.end()};
    env.insert(options_.env.begin(), options_.env.end());
    process_.emplace(SpawnOptions{.argv = command(),
                                  .env = env,
                                  .cwd = options_.dir,
                                  .stdout_file = options_.log,
                                  .stderr_file = error_file(),
                                  .passed_socket = listening_.get()});
}

void Thumbgated::start() {
    launch();
    const auto answers = [this] { return send({.url = "/readyz", .timeout = 5s}).status != 0; };
    const bool started = wait_until(kStartDeadline, [&] { return answers() || !process_->running(); });
    if (!started || !process_->running()) FAIL("thumbgated did not start:\n" << tail(stderr_text()) << tail(log()));
}

Response Thumbgated::send(Request request) const {
    request.url = "http://thumbgated" + request.url;
    request.unix_socket = options_.socket;
    return fetch(request);
}

void Thumbgated::finish(int signal) {
    process_->signal(SIGCONT);
    process_->signal(signal);
    const auto status = process_->wait(kDrainDeadline);
    if (!status) {
        fail_quietly("thumbgated did not exit within its deadline:\n" + tail(log()));
        process_->kill();
    } else if (status->code != 0) {
        fail_quietly("thumbgated ended with exit code " + std::to_string(status->code) + ", signal " +
                     std::to_string(status->signal) + ":\n" + tail(stderr_text()));
    }
}

void Thumbgated::drain() {
    finish(SIGTERM);
}

void Thumbgated::kill() {
    process_->kill();
}

void Thumbgated::pause() {
    process_->signal(SIGSTOP);
}

void Thumbgated::resume() {
    process_->signal(SIGCONT);
}

pid_t Thumbgated::zygote_pid() const {
    const auto children = children_of(pid());
    return children.empty() ? 0 : children.front();
}

std::vector<pid_t> Thumbgated::converter_pids() const {
    const pid_t zygote = zygote_pid();
    return zygote ? children_of(zygote) : std::vector<pid_t>();
}

void Thumbgated::kill_converter() const {
    const auto converters = converter_pids();
    if (converters.empty()) FAIL("thumbgated has no converter to kill");
    const auto niceness = [](pid_t one) { return getpriority(PRIO_PROCESS, static_cast<id_t>(one)); };
    ::kill(std::ranges::min(converters, {}, niceness), SIGKILL);  // a fast one
}

std::string Thumbgated::log() const {
    return read_if_there(options_.log);
}

std::string Thumbgated::stderr_text() const {
    return read_if_there(error_file());
}

}  // namespace thumbgate::test
