// A real nginx on a free port, with a configuration written in the test.
//
//     Nginx edge({.http = "thumb_keys keys;",
//                 .server = R"(location /t/ { thumb_signature on; return 200 "$thumb_cache_key"; })",
//                 .files = {{"keys", kKeyFile}}});
//     REQUIRE(edge.get("/t/wrong/w:320/plain/photo://a").status == 403);
//
// Teardown quits gracefully (which also reveals leaked connections) and fails the test when error.log holds an [alert],
// [emerg] or [crit], or a sanitizer's report, that the test did not expect. Not for use by several threads, except
// get().
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/files.hpp"
#include "tests/support/http.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sockets.hpp"

namespace thumbgate::test {

// In every text "@port@" becomes the fixture's port and "@dir@" its folder, against which relative paths resolve too
// (unix sockets as well: nginx runs in that folder).
struct NginxConf {
    std::string main = {};    // directives at the top level
    std::string http = {};    // directives in http{}; may hold further server{} blocks
    std::string server = {};  // body of the server that listens on the port; empty: that server is not written
    std::map<std::string, std::string> files = {};  // name below the folder → content; mode 0600
    int workers = 1;
    bool module = true;    // load the built thumb module
    bool faults = false;   // and that with fault points, for arm_fault()
    bool daemon = false;   // as init starts it: without that nginx takes no binary upgrade
    bool graceful = true;  // teardown by SIGQUIT; false: SIGTERM, for tests that leave requests unfinished
};

// The verdict of `nginx -t`.
struct ConfCheck {
    int exit_code = -1;
    std::string message;  // what nginx printed
    bool accepted() const { return exit_code == 0; }
};
ConfCheck check_conf(const NginxConf& conf);

class Nginx {
  public:
    // Writes the configuration into a folder of its own, starts nginx, and waits until it serves.
    explicit Nginx(const NginxConf& conf);
    // Runs a folder prepared by the caller: `dir`/`conf_file`, its run/nginx.pid and log/error.log. `globals` go to -g.
    Nginx(std::filesystem::path dir, const std::string& conf_file, std::shared_ptr<Port> port, int workers,
          const std::string& globals);
    Nginx(const Nginx&) = delete;
    ~Nginx();

    uint16_t port() const { return port_->number(); }
    std::string url(const std::string& target = "/") const;
    const std::filesystem::path& dir() const { return dir_; }
    std::filesystem::path operator/(std::string_view name) const { return dir_ / name; }

    Response get(const std::string& target, const Headers& headers = {}) const;
    Response send(Request request) const;  // request.url is the target, "/…"
    Response raw(std::string_view bytes) const { return raw_request(port(), bytes); }

    // SIGHUP, until every worker is new and the old ones have gone or are shutting down; fails the test if refused.
    void reload();
    void reload(const NginxConf& conf);  // with a new configuration; the port stays
    // SIGHUP that nginx must refuse: the [emerg] message. The workers must be the same afterwards.
    std::string reload_refused();
    std::string reload_refused(const NginxConf& conf);

    void quit();   // graceful; fails the test if it takes longer than kQuitDeadline
    void kill();   // SIGKILL to master and workers, as a crash of the machine would
    void start();  // again, on the same port and folder
    // SIGUSR2 and then SIGQUIT to the old master, as a new binary is brought in. Wants conf.daemon.
    void upgrade();
    // SIGKILL to one, and wait for its successor; the [alert] about it is expected.
    void kill_worker(size_t which = 0);
    // The first process to reach that point of the module ends itself (SIGKILL), or stops (SIGSTOP). Wants conf.faults.
    enum class Fault { kill, stop };
    void arm_fault(const std::string& point, Fault fault = Fault::kill);
    bool fault_happened(const std::string& point) const;
    void pause();  // SIGSTOP to the workers: connections are accepted by the kernel, nothing is answered
    void resume();

    pid_t pid() const { return process_->pid(); }
    std::vector<pid_t> worker_pids() const;  // without cache manager, cache loader and workers that shut down

    std::string error_log() const;
    std::string access_log() const;
    // Lines of error.log that contain `part` are no fault. Without it any fault fails the test at teardown.
    void expect_log(std::string part) { expected_.push_back(std::move(part)); }

  private:
    void write_conf(const NginxConf& conf);
    void adopt_daemon();
    bool serves() const;
    void wait_for_exit(int signal);

    std::optional<TempDir> own_dir_;
    std::filesystem::path dir_;
    std::string conf_file_;
    std::string globals_;
    std::shared_ptr<Port> port_;
    int workers_;
    bool graceful_ = true;
    bool preload_ = true;
    bool daemon_ = false;
    std::vector<std::string> expected_;
    int unwinding_;
    std::optional<Process> process_;
};

}  // namespace thumbgate::test
