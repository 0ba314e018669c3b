// The services that a user would run instead of ours.
#include <unistd.h>

#include <csignal>
#include <optional>

#include "bench/conversion/family.hpp"
#include "bench/conversion/http_side.hpp"
#include "bench/interrupt.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/http.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/sockets.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;

namespace fs = std::filesystem;

double Side::cpu_seconds() const {
    return bench::cpu_seconds(processes());
}

HttpSide::HttpSide() {
    for (unsigned number = 0; number < kMostClients; ++number) clients_.emplace_back(number);
}

std::string HttpSide::convert(unsigned client, const Order& order) {
    return clients_.at(client).get(url(client, order));
}

namespace {

constexpr auto kStartDeadline = 30s;
constexpr auto kStopDeadline = 5s;  // then it is killed

class ServerSide : public HttpSide {
  public:
    ~ServerSide() override {
        if (!process_) return;
        process_->signal(SIGTERM);
        process_->wait(kStopDeadline);
    }
    std::vector<pid_t> processes() const override { return {process_->pid()}; }

  protected:
    std::string base() const { return "http://127.0.0.1:" + std::to_string(port_.number()); }
    std::string port() const { return std::to_string(port_.number()); }

    // Until it makes a thumbnail.
    void start(const SpawnOptions& options) {
        SpawnOptions logged = options;
        logged.stdout_file = logged.stderr_file = dir_ / "log";
        process_.emplace(logged);
        const Order order{.photograph = baseline_photographs().front()};
        const auto is_decided = [&] {
            throw_if_interrupted();
            return !process_->running() || fetch({.url = url(0, order), .connect_timeout = 1s}).status == 200;
        };
        if (wait_until(kStartDeadline, is_decided, 50ms) && process_->running()) return;
        fail_fixture(std::string(name()) + " does not start: " + read_if_there(dir_ / "log"));
    }

    const TempDir& dir() const { return dir_; }

  private:
    TempDir dir_;
    Port port_;
    std::optional<Process> process_;
};

// A program of peers/, which is told its port and the folder.
class NodeSide : public ServerSide {
  protected:
    void start_program(const char* program, const fs::path& photographs, const fs::path& node_modules) {
        // Modules are looked for beside the program.
        const fs::path copy = node_modules.parent_path() / program;
        fs::copy_file(repository() / "bench/conversion/peers" / program, copy, fs::copy_options::overwrite_existing);
        start({.argv = {"node", copy.string(), port(), photographs.string()}, .env = {{"NODE_ENV", "production"}}});
    }
};

class Ipx : public NodeSide {
  public:
    Ipx(const fs::path& photographs, const fs::path& node_modules) {
        start_program("ipx.mjs", photographs, node_modules);
    }
    std::string_view name() const override { return "ipx"; }

  protected:
    std::string url(unsigned /*client*/, const Order& order) override {
        return base() + "/f_" + std::string(order.format) + ",w_" + std::to_string(order.width) + "/" +
               std::string(order.photograph.name);
    }
};

class Sharp : public NodeSide {
  public:
    Sharp(const fs::path& photographs, const fs::path& node_modules) {
        start_program("sharp.mjs", photographs, node_modules);
    }
    std::string_view name() const override { return "sharp"; }

  protected:
    std::string url(unsigned /*client*/, const Order& order) override {
        return base() + "/" + std::string(order.format) + "/" + std::to_string(order.width) + "/" +
               std::to_string(order.quality) + "/" + std::string(order.photograph.name);
    }
};

constexpr const char* kImageFilterConf = R"(
load_module /usr/lib/nginx/modules/ngx_http_image_filter_module.so;
worker_processes auto;
pid nginx.pid;
daemon off;
@user@
events { worker_connections 64; }
http {
    access_log off;
    types { image/jpeg jpg; }
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:@port@;
        location ~ ^/(?<width>\d+)/(?<name>.+)$ {
            alias @photographs@/$name;
            image_filter resize $width -;
            image_filter_jpeg_quality 80;
            image_filter_buffer 32m;
        }
    }
}
)";

class ImageFilter : public ServerSide {
  public:
    explicit ImageFilter(const fs::path& photographs) {
        std::string conf = replace_all(kImageFilterConf, "@photographs@", photographs.string());
        conf = replace_all(conf, "@user@", geteuid() == 0 ? "user root root;" : "");
        write_file(dir() / "nginx.conf", replace_all(conf, "@port@", port()));
        const std::string prefix = dir().path().string() + "/";
        start({.argv = {"nginx", "-p", prefix, "-c", "nginx.conf", "-e", "error.log"}, .death_signal = SIGTERM});
    }
    std::string_view name() const override { return "image_filter"; }
    bool makes(std::string_view format) const override { return format == "jpeg"; }  // that of the original

  protected:
    std::string url(unsigned /*client*/, const Order& order) override {
        return base() + "/" + std::to_string(order.width) + "/" + std::string(order.photograph.name);
    }
};

class Imgproxy : public ServerSide {
  public:
    Imgproxy(const fs::path& program, const fs::path& photographs) {
        start({.argv = {program.string()},
               .env = {{"IMGPROXY_BIND", "127.0.0.1:" + port()},
                       {"IMGPROXY_LOCAL_FILESYSTEM_ROOT", photographs.string()}}});
    }
    std::string_view name() const override { return "imgproxy"; }

  protected:
    std::string url(unsigned /*client*/, const Order& order) override {
        const std::string format = order.format == "jpeg" ? "jpg" : std::string(order.format);
        return base() + "/insecure/rs:fit:" + std::to_string(order.width) + "/plain/local:///" +
               std::string(order.photograph.name) + "@" + format;
    }
};

}  // namespace

SidePtr start_ipx(const fs::path& photographs, const fs::path& node_modules) {
    return std::make_unique<Ipx>(photographs, node_modules);
}

SidePtr start_sharp(const fs::path& photographs, const fs::path& node_modules) {
    return std::make_unique<Sharp>(photographs, node_modules);
}

SidePtr start_image_filter(const fs::path& photographs) {
    return std::make_unique<ImageFilter>(photographs);
}

SidePtr start_imgproxy(const fs::path& photographs) {
    try {
        return std::make_unique<Imgproxy>(in_path("imgproxy"), photographs);
    } catch (const FixtureFailure& failure) {
        if (std::string_view(failure.what()).starts_with("not in PATH")) return nullptr;
        throw;
    }
}

}  // namespace thumbgate::bench
