// A real converter, behind its sandbox, without a pool: jobs go to it one after the other.
#pragma once

#include <poll.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "backend/conversion/job.hpp"
#include "backend/conversion/process.hpp"
#include "backend/converter/channel.hpp"
#include "backend/converter/protocol.hpp"
#include "backend/deadline.hpp"

namespace thumbgate::test {

// Not thread-safe. What cannot be started or does not answer is a std::runtime_error.
class LoneConverter {
  public:
    explicit LoneConverter(const std::filesystem::path& program, ConverterKind kind = ConverterKind::raster)
        : zygote_(value(run_to_end(Zygote::start({.path = program, .kind = kind}, after(kPatience))))) {}

    // Kills the converter that there is, if any, and waits until the next one is ready.
    void replace() {
        converter_.reset();
        converter_ =
            std::make_unique<Converter>(value(run_to_end(Converter::hire(zygote_.control(), 0, after(kPatience)))));
    }

    // As run_job() does it.
    JobReply run(const JobRequest& request, const JobFiles& files) {
        if (!converter_) replace();
        const int socket = converter_->socket().native_handle();
        if (!send_job(socket, request, files)) lost();
        pollfd answered{socket, POLLIN, 0};
        auto reply = blank_message<JobReply>();
        if (poll(&answered, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) lost();
        if (receive_message(socket, writable_bytes_of(reply)).size != sizeof reply) lost();
        return reply;
    }

    SandboxLayers layers() {
        if (!converter_) replace();
        return converter_->layers();
    }

  private:
    static constexpr std::chrono::seconds kPatience{60};

    template <typename T>
    T run_to_end(boost::asio::awaitable<T> coroutine) {
        std::optional<T> outcome;
        const auto raise = [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        };
        boost::asio::co_spawn(context_, keep(std::move(coroutine), outcome), raise);
        context_.restart();
        context_.run();
        return std::move(outcome).value();
    }
    template <typename T>
    static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> coroutine, std::optional<T>& outcome) {
        outcome.emplace(co_await std::move(coroutine));
    }

    template <typename T>
    static T value(Result<T> result) {
        if (!result) throw std::runtime_error(result.error().detail);
        return std::move(*result);
    }

    [[noreturn]] void lost() {
        const ConverterEnd end = run_to_end(converter_->ended(after(std::chrono::seconds(2))));
        converter_.reset();
        throw std::runtime_error("the converter was lost: " + describe(end));
    }

    boost::asio::io_context context_;
    Zygote zygote_;
    std::unique_ptr<Converter> converter_;
};

}  // namespace thumbgate::test
