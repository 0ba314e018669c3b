// A pool with real converters, on an io_context that the test drives, and what the pool reported.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/conversion/pool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::test {

struct Observed : PoolObserver {
    void on_queued(Lane lane, std::size_t count) override {
        waiting[lane] = count;
        most_waiting = std::max(most_waiting, count);
    }
    void on_queue_wait(Lane, std::chrono::duration<double>) override { ++started; }
    void on_busy(Group group, std::size_t busy_converters) override {
        (group == Group::fast ? busy : slow_busy) = busy_converters;
    }
    void on_refused(std::string_view reason) override { ++refused[std::string(reason)]; }
    void on_job(std::string_view format, std::string_view result, std::chrono::duration<double>) override {
        ++jobs[std::string(format) + " " + std::string(result)];
    }
    void on_sandbox(ConverterKind kind, SandboxLayers given_up) override {
        if (kind == ConverterKind::svg) return svg_layers.push_back(given_up);
        layers = given_up;
        ++sandbox_reports;
    }
    void on_converter_replaced(std::string_view reason, std::string_view detail) override {
        ++replaced[std::string(reason)];
        last_loss = detail;
    }

    std::map<Lane, std::size_t> waiting;
    std::size_t most_waiting = 0;
    std::size_t busy = 0;  // of the fast ones
    std::size_t slow_busy = 0;
    int started = 0;
    std::map<std::string, int> refused;
    std::map<std::string, int> jobs;
    std::map<std::string, int> replaced;
    std::string last_loss;
    SandboxLayers layers;
    std::vector<SandboxLayers> svg_layers;
    int sandbox_reports = 0;
};

inline Conversion to(Format format, std::uint32_t width) {
    Conversion conversion;
    conversion.options.format = format;
    conversion.options.width = width;
    return conversion;
}

inline thumbgate::UniqueFd opened(const std::filesystem::path& path) {
    thumbgate::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(fd);
    return fd;
}

inline PoolConfig config_of(unsigned converters) {
    PoolConfig config;
    config.program = built("thumbgate-converter");
    config.converters = converters;
    config.job_timeout = 60s;  // the machine may be busy
    return config;
}

// What a job gave, when it is through.
template <typename T>
using Pending = std::shared_ptr<std::optional<Result<T>>>;

class PoolFixture {
    std::list<boost::asio::cancellation_signal> callers_;  // one a job
    // Outlives the pool.
    std::optional<boost::asio::io_context> context_{std::in_place};

  public:
    explicit PoolFixture(PoolConfig config = config_of(2)) {
        auto started = ConverterPool::start(context_->get_executor(), std::move(config), observed);
        if (!started) FAIL(started.error().detail);
        pool = std::move(*started);
    }
    ~PoolFixture() {
        if (!pool) return;
        pool->stop();
        context_->run_for(10s);
    }

    Pending<Picture> convert(const std::filesystem::path& source, const Conversion& conversion, JobTerms terms = {}) {
        return spawn<Picture>(pool->convert(opened(source), conversion, std::move(terms)));
    }
    Pending<PictureFacts> inspect(const std::filesystem::path& source, JobTerms terms = {}) {
        return spawn<PictureFacts>(pool->inspect(opened(source), std::move(terms)));
    }
    // A conversion that takes a second or more.
    Pending<Picture> convert_slowly() { return convert(photos::large().path, to(Format::png, 3000)); }

    // The caller of the job that was started last.
    void give_up() { callers_.back().emit(boost::asio::cancellation_type::terminal); }

    template <typename Condition>
    bool run_until(Condition&& condition, milliseconds timeout = 20s) {
        const auto deadline = std::chrono::steady_clock::now() + timeout;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            context_->restart();
            context_->run_for(2ms);
        }
        return true;
    }
    template <typename T>
    const Result<T>& result(const Pending<T>& outcome) {
        REQUIRE(run_until([&] { return outcome->has_value(); }));
        return **outcome;
    }
    bool wait_until_busy(std::size_t converters) {
        return run_until([&] { return observed.busy == converters; });
    }

    pid_t zygote() const {
        for (const pid_t pid : children_of(getpid())) {
            if (command_line(pid).find("thumbgate-converter") != std::string::npos) return pid;
        }
        return -1;
    }
    // Ends the pool and its io_context in the middle of what they do.
    void destroy() {
        pool.reset();
        context_.reset();
    }

    // The fast ones, or those that give way to them.
    std::vector<pid_t> converters() const { return of_group(Group::fast); }
    std::vector<pid_t> slow_converters() const { return of_group(Group::slow); }

    Observed observed;
    std::unique_ptr<ConverterPool> pool;

  private:
    std::vector<pid_t> of_group(Group group) const {
        std::vector<pid_t> all = children_of(zygote());
        const int fast = std::max(getpriority(PRIO_PROCESS, 0), 0);
        std::erase_if(all, [&](pid_t pid) {
            return (getpriority(PRIO_PROCESS, static_cast<id_t>(pid)) == fast) != (group == Group::fast);
        });
        return all;
    }

    template <typename T>
    Pending<T> spawn(boost::asio::awaitable<Result<T>> job) {
        auto outcome = std::make_shared<std::optional<Result<T>>>();
        const auto take = [outcome](const std::exception_ptr& thrown, Result<T> result) {
            if (!thrown) outcome->emplace(std::move(result));
        };
        boost::asio::co_spawn(*context_, std::move(job),
                              boost::asio::bind_cancellation_slot(callers_.emplace_back().slot(), take));
        return outcome;
    }
};

template <typename T>
std::string code(const Result<T>& result) {
    return result ? "ok" : result.error().code;
}

inline void signal_all(const std::vector<pid_t>& processes, int number) {
    REQUIRE_FALSE(processes.empty());
    for (const pid_t pid : processes) kill(pid, number);
}

}  // namespace thumbgate::test
