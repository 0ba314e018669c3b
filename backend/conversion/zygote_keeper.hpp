// Keeps a zygote running: one that ends is replaced, at once where it was stable, else after a pause that grows.
// Not thread-safe: everything runs on one executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "backend/conversion/pauses.hpp"
#include "backend/conversion/process.hpp"

namespace thumbgate {

class ZygoteListener {
  public:
    virtual ~ZygoteListener() = default;
    virtual void on_zygote_ended() = 0;  // by itself, not by stop()
    virtual void on_zygote_started() = 0;
    virtual void on_zygote_failed(const Error& error) = 0;  // to start; it is tried again
};

class ZygoteKeeper {
  public:
    ZygoteKeeper(const boost::asio::any_io_executor& executor, ConverterProgram program, ZygoteListener& listener)
        : executor_(executor), program_(std::move(program)), listener_(listener), pause_(executor) {}

    // The first one, before keep().
    void adopt(Zygote zygote);

    // Returns after stop(). The listener and this object must live as long.
    boost::asio::awaitable<void> keep();
    void stop();

    const Zygote* zygote() const { return zygote_.get(); }  // null while there is none
    bool fails() const { return fails_; }                   // it was tried, and there is none

  private:
    boost::asio::awaitable<void> restart();

    boost::asio::any_io_executor executor_;
    ConverterProgram program_;
    ZygoteListener& listener_;
    bool stopped_ = false;
    bool fails_ = false;
    std::unique_ptr<Zygote> zygote_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> end_;  // readable when the zygote has ended
    Pauses pauses_;
    boost::asio::steady_timer pause_;
};

}  // namespace thumbgate
