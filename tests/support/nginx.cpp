#include "tests/support/nginx.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iostream>

#include "tests/support/failure.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

constexpr auto kStartDeadline = 20s;
constexpr auto kReloadDeadline = 20s;
constexpr auto kQuitDeadline =
    10s;  // worker_shutdown_timeout is below it, so that unfinished requests do not exceed it

constexpr std::string_view kMain = R"(daemon @daemon@;
master_process on;
worker_processes @workers@;
worker_shutdown_timeout 4s;
pid run/nginx.pid;
lock_file run/nginx.lock;
error_log log/error.log notice;
@user@@load@@main@
events {
    worker_connections 1024;
}
http {
    default_type text/plain;
    access_log log/access.log;
    client_body_temp_path tmp/body;
    proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi;
    uwsgi_temp_path tmp/uwsgi;
    scgi_temp_path tmp/scgi;
@http@
@server@}
)";

constexpr std::string_view kServer = R"(    server {
        listen 127.0.0.1:@port@;
        server_name localhost;
@body@
    }
)";

std::string render(const NginxConf& conf, const fs::path& dir, uint16_t port) {
    std::string text = replace_all(std::string(kMain), "@workers@", std::to_string(conf.workers));
    text = replace_all(text, "@daemon@", conf.daemon ? "on" : "off");
    text = replace_all(text, "@user@", geteuid() == 0 ? "user root;\n" : "");
    text = replace_all(text, "@load@", conf.module ? "load_module " + module_path(conf.faults).string() + ";\n" : "");
    // A new binary gets what these name of the environment, and nothing else.
    std::string inherited;
    if (conf.daemon) {
        for (const auto& [name, value] : sanitizer_env(true)) inherited += "env " + name + ";\n";
    }
    text = replace_all(text, "@main@", inherited + conf.main);
    text = replace_all(text, "@http@", conf.http);
    text = replace_all(text, "@server@", conf.server.empty() ? "" : kServer);
    text = replace_all(text, "@body@", conf.server);
    text = replace_all(text, "@port@", std::to_string(port));
    return replace_all(text, "@dir@", dir.string());
}

void write_prefix(const NginxConf& conf, const fs::path& dir, uint16_t port) {
    for (const char* name : {"run", "log", "tmp", "fault"}) fs::create_directories(dir / name);
    for (const auto& [name, content] : conf.files) write_file(dir / name, content, 0600);
    write_file(dir / "conf/nginx.conf", render(conf, dir, port));
}

std::vector<std::string> command(const fs::path& dir, const std::string& conf_file) {
    // By its whole path: a binary upgrade executes what it was started as.
    return {in_path("nginx"), "-p", dir.string() + "/", "-c", conf_file, "-e", "log/error.log"};
}

std::map<std::string, std::string> environment(bool module) {
    const auto env = module ? sanitizer_env(true) : std::vector<std::pair<std::string, std::string>>();
    return {env.begin(), env.end()};
}

bool is_worker(pid_t pid) {
    const std::string title = command_line(pid);
    return title.contains("worker process") && !title.contains("shutting down");
}

bool is_nginx_in(pid_t pid, const fs::path& dir) {
    std::error_code gone;
    const fs::path cwd = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", gone);
    return command_line(pid).starts_with("nginx: ") && cwd == dir;
}

}  // namespace

ConfCheck check_conf(const NginxConf& conf) {
    const TempDir dir;
    const Port port;
    write_prefix(conf, dir.path(), port.number());
    auto argv = command(dir.path(), "conf/nginx.conf");
    argv.emplace_back("-t");
    const RunResult result = run(argv, {.env = environment(conf.module), .cwd = dir.path()});
    fail_on_faults("nginx -t", result.err, {"[emerg]", "[alert]", "[crit]"});  // only sanitizers' reports count here
    return {result.exit_code, result.err};
}

Nginx::Nginx(const NginxConf& conf)
    : own_dir_(std::in_place),
      dir_(own_dir_->path()),
      conf_file_("conf/nginx.conf"),
      port_(std::make_shared<Port>()),
      workers_(conf.workers),
      graceful_(conf.graceful),
      preload_(conf.module),
      daemon_(conf.daemon),
      unwinding_(std::uncaught_exceptions()) {
    write_conf(conf);
    start();
}

Nginx::Nginx(fs::path dir, const std::string& conf_file, std::shared_ptr<Port> port, int workers,
             const std::string& globals)
    : dir_(std::move(dir)),
      conf_file_(conf_file),
      globals_(globals),
      port_(std::move(port)),
      workers_(workers),
      unwinding_(std::uncaught_exceptions()) {
    start();
}

Nginx::~Nginx() {
    if (process_ && process_->running()) {
        resume();
        wait_for_exit(graceful_ ? SIGQUIT : SIGTERM);
    }
    fail_on_faults("nginx's error.log", error_log(), expected_);
    if (std::uncaught_exceptions() > unwinding_) std::cerr << "--- end of nginx's error.log\n" << tail(error_log());
}

void Nginx::write_conf(const NginxConf& conf) {
    workers_ = conf.workers;
    write_prefix(conf, dir_, port());
}

bool Nginx::serves() const {
    return !read_if_there(dir_ / "run/nginx.pid").empty() && worker_pids().size() >= static_cast<size_t>(workers_);
}

void Nginx::start() {
    auto argv = command(dir_, conf_file_);
    if (!globals_.empty()) argv.insert(argv.end(), {"-g", globals_});
    fs::remove(dir_ / "run/nginx.pid");
    // On SIGTERM the master ends its workers, which a SIGKILL to it would leave behind.
    process_.emplace(SpawnOptions{.argv = argv,
                                  .env = environment(preload_),
                                  .cwd = dir_,
                                  .stdout_file = dir_ / "log/nginx.out",
                                  .stderr_file = dir_ / "log/nginx.out",
                                  .death_signal = SIGTERM});
    if (daemon_) adopt_daemon();
    const bool started = wait_until(kStartDeadline, [this] { return serves() || !process_->running(); });
    if (started && process_->running()) return;
    fail_fixture("nginx did not start:\n" + tail(read_if_there(dir_ / "log/nginx.out")) + tail(error_log()));
}

// What was started ends when the daemon that it made is there.
void Nginx::adopt_daemon() {
    const auto status = process_->wait(kStartDeadline);
    const std::string pid = read_if_there(dir_ / "run/nginx.pid");
    if (!status || pid.empty()) fail_fixture("nginx did not become a daemon:\n" + tail(error_log()));
    process_ = Process::adopt(std::stoi(pid));
}

std::string Nginx::url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port()) + target;
}

Response Nginx::get(const std::string& target, const Headers& headers) const {
    return send({.url = target, .headers = headers});
}

Response Nginx::send(Request request) const {
    request.url = url(request.url);
    return fetch(request);
}

void Nginx::reload() {
    const auto old = worker_pids();
    const size_t log_before = error_log().size();
    process_->signal(SIGHUP);
    const bool decided = wait_until(kReloadDeadline, [&] {
        const auto now = worker_pids();
        const bool old_left =
            std::any_of(now.begin(), now.end(), [&](pid_t pid) { return std::ranges::count(old, pid); });
        return (!old_left && now.size() >= static_cast<size_t>(workers_)) ||
               error_log().substr(log_before).contains("[emerg]");
    });
    const std::string news = error_log().substr(log_before);
    if (!decided || news.contains("[emerg]")) fail_fixture("nginx did not reload:\n" + tail(news));
}

void Nginx::reload(const NginxConf& conf) {
    write_conf(conf);
    reload();
}

std::string Nginx::reload_refused() {
    const auto old = worker_pids();
    const size_t log_before = error_log().size();
    process_->signal(SIGHUP);
    const auto news = [&] { return error_log().substr(log_before); };
    if (!wait_until(kReloadDeadline, [&] { return news().contains("[emerg]") || worker_pids() != old; })) {
        fail_fixture("nginx neither reloaded nor refused to");
    }
    if (worker_pids() != old) fail_fixture("nginx did not refuse to reload:\n" + tail(news()));
    const auto refusals = faults_in(news());
    std::string message;
    for (const auto& line : refusals) {
        expected_.push_back(line);
        message += line + '\n';
    }
    return message;
}

std::string Nginx::reload_refused(const NginxConf& conf) {
    write_conf(conf);
    return reload_refused();
}

void Nginx::wait_for_exit(int signal) {
    process_->signal(signal);
    if (process_->wait(kQuitDeadline)) return;
    fail_quietly("nginx did not exit within its deadline:\n" + tail(error_log()));
    kill();
}

void Nginx::quit() {
    wait_for_exit(SIGQUIT);
}

void Nginx::kill() {
    process_->kill();
    // Without a master nobody starts another: its orphans become children of the test program (see main.cpp).
    const bool none_left = wait_until(kQuitDeadline, [&] {
        auto orphans = children_of(getpid());
        std::erase_if(orphans, [&](pid_t pid) { return !is_nginx_in(pid, dir_); });
        for (const pid_t orphan : orphans) ::kill(orphan, SIGKILL);
        return orphans.empty();
    });
    if (!none_left) fail_quietly("workers of a killed nginx are left");
}

void Nginx::upgrade() {
    const fs::path old_pid_file = dir_ / "run/nginx.pid.oldbin";
    process_->signal(SIGUSR2);
    pid_t master = 0;
    const bool started = wait_until(kStartDeadline, [&] {
        const std::string pid = fs::exists(old_pid_file) ? read_if_there(dir_ / "run/nginx.pid") : "";
        master = pid.empty() ? 0 : std::stoi(pid);
        const auto is_new_worker = [](pid_t child) { return is_worker(child); };
        return master != 0 && master != process_->pid() &&
               std::ranges::count_if(children_of(master), is_new_worker) >= workers_;
    });
    if (!started) fail_fixture("the new nginx did not start:\n" + tail(error_log()));
    process_->signal(SIGQUIT);
    if (!process_->wait(kQuitDeadline)) fail_fixture("the old nginx did not quit:\n" + tail(error_log()));
    process_ = Process::adopt(master);
}

void Nginx::kill_worker(size_t which) {
    const auto old = worker_pids();
    if (old.empty()) fail_fixture("nginx has no worker to kill");
    const pid_t worker = old[which % old.size()];
    expect_log("worker process " + std::to_string(worker) + " exited on signal 9");
    ::kill(worker, SIGKILL);
    const auto replaced = [&] { return worker_pids().size() >= old.size() && worker_pids() != old; };
    if (!wait_until(kStartDeadline, replaced))
        fail_fixture("nginx did not replace a killed worker:\n" + tail(error_log()));
}

void Nginx::arm_fault(const std::string& point, Fault fault) {
    expect_log("exited on signal 9");
    write_file(dir_ / "fault" / (point + (fault == Fault::kill ? ".kill" : ".stop")), "");
}

bool Nginx::fault_happened(const std::string& point) const {
    return !fs::exists(dir_ / "fault" / (point + ".kill")) && !fs::exists(dir_ / "fault" / (point + ".stop"));
}

void Nginx::pause() {
    for (const pid_t worker : worker_pids()) ::kill(worker, SIGSTOP);
}

void Nginx::resume() {
    for (const pid_t worker : children_of(pid())) ::kill(worker, SIGCONT);
}

std::vector<pid_t> Nginx::worker_pids() const {
    auto pids = children_of(pid());
    std::erase_if(pids, [](pid_t pid) { return !is_worker(pid); });
    return pids;
}

std::string Nginx::error_log() const {
    return read_if_there(dir_ / "log/nginx.out") + read_if_there(dir_ / "log/error.log");
}

std::string Nginx::access_log() const {
    return read_if_there(dir_ / "log/access.log");
}

}  // namespace thumbgate::test
