// Programs around libvips, without a service: no HTTP, no sandbox, no storage.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "bench/conversion/side.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;

namespace fs = std::filesystem;

namespace {

constexpr unsigned kAtOnce = 2;
constexpr const char* kOneThread[] = {"VIPS_CONCURRENCY", "1"};  // two pictures at once are enough for two processors
constexpr int kQuality = 80;                                     // sharp's default

std::string_view ending(std::string_view format) {
    return format == "jpeg" ? "jpg" : format;
}

class Vipsthumbnail : public Side {
  public:
    explicit Vipsthumbnail(fs::path photographs) : photographs_(std::move(photographs)) {}
    std::string_view name() const override { return "vipsthumbnail"; }
    unsigned most_clients() const override { return kAtOnce; }
    std::vector<pid_t> processes() const override { return {}; }

    std::string convert(unsigned client, const Order& order) override {
        const fs::path file = dir_ / (std::to_string(client) + "." + std::string(ending(order.format)));
        const std::string options = "[strip,Q=" + std::to_string(order.quality == 0 ? kQuality : order.quality) + "]";
        const RunResult result = run({"vipsthumbnail", (photographs_ / order.photograph.name).string(), "-s",
                                      std::to_string(order.width) + "x", "-o", file.string() + options},
                                     {.env = {{kOneThread[0], kOneThread[1]}}});
        if (!result.ok()) fail_fixture("vipsthumbnail failed: " + result.err);
        return read_file(file);
    }

    // Of all that this program started and waited for.
    double cpu_seconds() const override {
        rusage usage{};
        getrusage(RUSAGE_CHILDREN, &usage);
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }

  private:
    fs::path photographs_;
    TempDir dir_;
};

// One process of bench_vips_loop, and the pipes to and from it.
class Loop {
  public:
    Loop() {
        std::array<int, 2> orders{};
        std::array<int, 2> pictures{};
        if (pipe2(orders.data(), O_CLOEXEC) != 0 || pipe2(pictures.data(), O_CLOEXEC) != 0) {
            throw std::system_error(errno, std::generic_category(), "pipe2");
        }
        const UniqueFd its_in(orders[0]);
        const UniqueFd its_out(pictures[1]);
        to_.reset(orders[1]);
        from_.reset(pictures[0]);
        const SpawnOptions options{.argv = {built("bench_vips_loop").string()},
                                   .env = {{kOneThread[0], kOneThread[1]}}};
        process_.emplace(options, its_in.get(), its_out.get(), STDERR_FILENO);
    }
    pid_t pid() const { return process_->pid(); }

    std::string convert(const std::string& order) {
        if (write(to_.get(), order.data(), order.size()) != static_cast<ssize_t>(order.size())) lost();
        std::uint64_t size = 0;
        read_all(&size, sizeof size);
        std::string picture(size, '\0');
        read_all(picture.data(), size);
        return picture;
    }

  private:
    void read_all(void* to, std::size_t size) {
        auto* next = static_cast<char*>(to);
        while (size > 0) {
            const ssize_t now = read(from_.get(), next, size);
            if (now < 0 && errno == EINTR) continue;
            if (now <= 0) lost();
            next += now;
            size -= static_cast<std::size_t>(now);
        }
    }
    [[noreturn]] static void lost() { fail_fixture("bench_vips_loop was lost"); }

    UniqueFd to_;
    UniqueFd from_;
    std::optional<Process> process_;
};

class VipsLoops : public Side {
  public:
    explicit VipsLoops(fs::path photographs) : photographs_(std::move(photographs)) {}
    std::string_view name() const override { return "libvips loops"; }
    unsigned most_clients() const override { return kAtOnce; }
    std::vector<pid_t> processes() const override { return {loops_[0].pid(), loops_[1].pid()}; }

    std::string convert(unsigned client, const Order& order) override {
        const int quality = order.quality == 0 ? kQuality : order.quality;
        return loops_.at(client).convert((photographs_ / order.photograph.name).string() + " " +
                                         std::to_string(order.width) + " ." + std::string(ending(order.format)) +
                                         "[strip,Q=" + std::to_string(quality) + "]\n");
    }

  private:
    fs::path photographs_;
    std::array<Loop, kAtOnce> loops_;
};

}  // namespace

SidePtr start_vipsthumbnail(const fs::path& photographs) {
    return std::make_unique<Vipsthumbnail>(photographs);
}

SidePtr start_vips_loops(const fs::path& photographs) {
    return std::make_unique<VipsLoops>(photographs);
}

}  // namespace thumbgate::bench
