// The processes behind the pool: the zygote, which this process starts, and the converters, which the zygote forks.
// Each is owned by an object here and is killed with it. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "backend/conversion/converter_end.hpp"
#include "backend/conversion/wait.hpp"
#include "backend/converter/channel.hpp"
#include "backend/error.hpp"
#include "backend/unique_fd.hpp"

namespace thumbgate {

// Codes of the errors below: a process did not answer in time, a converter could not be locked in, any other failure.
inline constexpr std::string_view kNoAnswer = "no_answer";
inline constexpr std::string_view kNotLockedIn = "not_locked_in";  // its sandbox cannot be had
inline constexpr std::string_view kConvertersDown = "converters_down";

struct ConverterProgram {
    std::filesystem::path path;                    // thumbgate-converter
    std::uint64_t memory = 2ULL << 30;             // bytes of address space of one converter
    std::uint64_t max_output_bytes = 32ULL << 20;  // of a result
    ConverterKind kind = ConverterKind::raster;
};

// Move-only. Its destructor kills the zygote, with which every converter dies, and reaps it.
class Zygote {
  public:
    // Executes `program`, with one socket and an environment of its own, and waits until it has initialised libvips.
    // What it has to say for itself it writes to our standard error.
    static boost::asio::awaitable<Result<Zygote>> start(ConverterProgram program, Deadline deadline);

    Zygote(Zygote&&) noexcept = default;
    Zygote& operator=(Zygote&&) = delete;
    ~Zygote();

    int control() const { return control_.get(); }
    void kill() const;

    // Once: a descriptor that is readable when it has ended.
    UniqueFd take_end() { return std::move(end_); }

  private:
    Zygote(UniqueFd pidfd, UniqueFd control);

    UniqueFd pidfd_;  // empty when moved from
    UniqueFd control_;
    UniqueFd end_;
};

// Move-only. Its destructor kills the converter.
class Converter {
  public:
    // Asks the zygote for one, and waits until it is locked down and warm. Its socket works on the executor that this
    // runs on. `niceness`: by how much its priority is below ours.
    static boost::asio::awaitable<Result<Converter>> hire(int zygote_control, std::uint8_t niceness, Deadline deadline);

    Converter(Converter&&) noexcept = default;
    Converter& operator=(Converter&&) = delete;
    ~Converter();

    // The same, on another executor.
    static Converter moved_to(const boost::asio::any_io_executor& executor, Converter from);

    // Waits until it has ended, and says how. Where the deadline comes first, it lives.
    boost::asio::awaitable<ConverterEnd> ended(Deadline deadline);

    // What it says that it gave up, before it saw anything of anybody.
    SandboxLayers layers() const { return layers_; }

    // What it has used of the processors, all its threads together; zero where it cannot be told.
    std::chrono::nanoseconds processor_time() const;

    // Carries JobRequest and JobReply; readable between jobs only when the converter is gone.
    boost::asio::posix::stream_descriptor& socket() { return socket_; }

  private:
    explicit Converter(boost::asio::posix::stream_descriptor socket) : socket_(std::move(socket)) {}

    bool take(const SpawnNotice& notice, Received& received);

    UniqueFd pidfd_;  // empty when moved from
    UniqueFd end_;    // brings the zygote's EndNotice
    SandboxLayers layers_;
    boost::asio::posix::stream_descriptor socket_;
};

}  // namespace thumbgate
