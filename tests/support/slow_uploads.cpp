#include "tests/support/slow_uploads.hpp"

#include <algorithm>

namespace thumbgate::test {

namespace {

constexpr auto kPatience = 30s;

}  // namespace

SlowUploads::SlowUploads(const Endpoint& to, const std::string& picture, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) connections_.emplace_back(to);
    thread_ = std::thread([this, picture] { trickle(picture); });
}

// Their turns are spread over the second.
void SlowUploads::trickle(const std::string& picture) {
    const std::string head = "POST /api/photos HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: " +
                             std::to_string(picture.size()) + "\r\n\r\n";
    const auto step = std::chrono::nanoseconds(1s) / connections_.size();
    auto due = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < picture.size(); at += kBytesASecond) {
        for (RawConnection& connection : connections_) {
            std::this_thread::sleep_until(due += step);
            if (at == 0) connection.send(head);
            connection.send(std::string_view(picture).substr(at, kBytesASecond));
        }
    }
    for (RawConnection& connection : connections_) {
        statuses_.push_back(parse_response(connection.read_until("\r\n\r\n", kPatience)).status);
    }
}

void SlowUploads::finish() {
    if (thread_.joinable()) thread_.join();
    connections_.clear();
}

std::size_t SlowUploads::answered_by(int status) {
    finish();
    return static_cast<std::size_t>(std::ranges::count(statuses_, status));
}

}  // namespace thumbgate::test
