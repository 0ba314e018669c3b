#include "backend/conversion/zygote_keeper.hpp"

#include <utility>

namespace thumbgate {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartTimeout{20};
constexpr std::chrono::seconds kStableAfter{10};  // what has lived as long did not fail at its start

}  // namespace

void ZygoteKeeper::adopt(Zygote zygote) {
    zygote_ = std::make_unique<Zygote>(std::move(zygote));
    end_ = std::make_unique<asio::posix::stream_descriptor>(executor_, zygote_->take_end().release());
    fails_ = false;
}

void ZygoteKeeper::stop() {
    stopped_ = true;
    pause_.cancel();
    if (end_) end_->cancel();
    if (zygote_) zygote_->kill();
}

asio::awaitable<void> ZygoteKeeper::keep() {
    while (!stopped_) {
        const auto started = Clock::now();
        const Waited waited = co_await wait_readable(*end_, Deadline::max());
        end_.reset();
        zygote_.reset();
        if (stopped_ || waited != Waited::ready) co_return;
        listener_.on_zygote_ended();
        if (Clock::now() - started >= kStableAfter)
            pauses_.reset();
        else
            co_await sleep(pause_, pauses_.next());
        co_await restart();
    }
}

asio::awaitable<void> ZygoteKeeper::restart() {
    while (!stopped_) {
        auto zygote = co_await Zygote::start(program_, after(kStartTimeout));
        if (stopped_) co_return;
        if (zygote) {
            adopt(std::move(*zygote));
            co_return listener_.on_zygote_started();
        }
        fails_ = true;
        listener_.on_zygote_failed(zygote.error());
        co_await sleep(pause_, pauses_.next());
    }
}

}  // namespace thumbgate
