#include "backend/conversion/wait.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace thumbgate {
namespace {

namespace asio = boost::asio;

// What a timer's handler may still touch: it can be on its way when the wait is over.
struct Alarm {
    asio::posix::stream_descriptor* descriptor;  // null when the wait is over
    bool rang = false;
};

class AlarmOff {
  public:
    explicit AlarmOff(std::shared_ptr<Alarm> alarm) : alarm_(std::move(alarm)) {}
    AlarmOff(const AlarmOff&) = delete;
    AlarmOff& operator=(const AlarmOff&) = delete;
    ~AlarmOff() { alarm_->descriptor = nullptr; }

  private:
    std::shared_ptr<Alarm> alarm_;
};

}  // namespace

asio::awaitable<Waited> wait_readable(asio::posix::stream_descriptor& descriptor, Deadline deadline) {
    asio::steady_timer timer(descriptor.get_executor());
    const auto alarm = std::make_shared<Alarm>(Alarm{&descriptor});
    const AlarmOff off(alarm);
    if (deadline != Deadline::max()) {
        timer.expires_at(deadline);
        timer.async_wait([alarm](const boost::system::error_code& error) {
            if (error || alarm->descriptor == nullptr) return;
            alarm->rang = true;
            alarm->descriptor->cancel();
        });
    }
    boost::system::error_code error;
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_return Waited::ready;
    co_return alarm->rang ? Waited::timed_out : Waited::cancelled;
}

}  // namespace thumbgate
