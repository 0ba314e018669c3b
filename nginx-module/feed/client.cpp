// Fails soft: whatever goes wrong here, requests are served by the last known state.
#include "nginx-module/feed/client.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr ngx_msec_t kPlaceInterval = 200;  // between attempts to take the follower's place
constexpr ngx_msec_t kConnectTimeout = 1000;
constexpr ngx_msec_t kAnswerTimeout = kFeedBlockMs + 1500;  // for a whole answer, however slowly its bytes come
constexpr ngx_msec_t kMinPause = 50;                        // before connecting again; doubled after each failure
constexpr ngx_msec_t kMaxPause = 1000;
constexpr std::size_t kReadAtOnce = 16 * 1024;

std::uint64_t unix_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

FeedClient& client_of(const ngx_event_t* event) {
    return *static_cast<FeedClient*>(static_cast<ngx_connection_t*>(event->data)->data);
}

}  // namespace

FeedClient::FeedClient(const FeedConf& conf, ngx_log_t* log)
    : conf_(conf), log_(log), quiet_log_(*log), journal_(conf.state_file), pause_(kMinPause) {
    quiet_log_.log_level = NGX_LOG_ALERT;
    timer_.handler = on_timer;
    timer_.data = this;
    timer_.log = log;
    timer_.cancelable = 1;  // it keeps no worker from quitting
}

FeedClient::~FeedClient() {
    resign();
    if (timer_.timer_set != 0) ngx_del_timer(&timer_);
}

void FeedClient::start() {
    wake();
}

void FeedClient::on_timer(ngx_event_t* event) noexcept {
    auto& client = *static_cast<FeedClient*>(event->data);
    try {
        client.wake();
    } catch (...) {
        client.resign();
        client.wait(kMaxPause);
    }
}

void FeedClient::on_read(ngx_event_t* event) noexcept {
    FeedClient& client = client_of(event);
    try {
        // nginx says so to idle connections when the worker is to quit.
        if (static_cast<ngx_connection_t*>(event->data)->close != 0) return client.resign();
        client.receive();
    } catch (...) {
        client.resign();
        client.wait(kMaxPause);
    }
}

void FeedClient::on_write(ngx_event_t* event) noexcept {
    FeedClient& client = client_of(event);
    try {
        client.send();
    } catch (...) {
        client.resign();
        client.wait(kMaxPause);
    }
}

void FeedClient::wait(ngx_msec_t time) {
    if (timer_.timer_set != 0) ngx_del_timer(&timer_);
    ngx_add_timer(&timer_, time);
}

void FeedClient::wake() {
    if (ngx_exiting != 0 || ngx_terminate != 0 || ngx_quit != 0) return resign();
    if (connection_ != nullptr)
        return disconnect(follower_->is_current() ? "it stopped answering" : "it does not answer");
    is_follower_ = is_follower_ || conf_.state->try_to_follow();
    is_follower_ ? connect() : wait(kPlaceInterval);
}

void FeedClient::connect() {
    conf_.state->figures().connections.fetch_add(1);
    ngx_peer_connection_t peer{};
    peer.sockaddr = conf_.address.sockaddr;
    peer.socklen = conf_.address.socklen;
    peer.name = const_cast<ngx_str_t*>(&conf_.redis);
    peer.get = ngx_event_get_peer;
    peer.log = &quiet_log_;
    peer.log_error = NGX_ERROR_ERR;
    const ngx_int_t connected = ngx_event_connect_peer(&peer);
    connection_ = peer.connection;
    if (connected != NGX_OK && connected != NGX_AGAIN) return disconnect("it cannot be connected to");
    connection_->data = this;
    connection_->idle = 1;
    connection_->log = &quiet_log_;
    connection_->read->log = &quiet_log_;
    connection_->write->log = &quiet_log_;
    connection_->read->handler = on_read;
    connection_->write->handler = on_write;
    parser_ = std::make_unique<RedisParser>();
    follower_ = std::make_unique<Follower>(*conf_.state, journal_, conf_.password, [this](const std::string& error) {
        ngx_log_error(NGX_LOG_ERR, log_, 0, "control feed: %s", error.c_str());
    });
    unsent_ = format_redis_command(follower_->next_command());
    wait(kConnectTimeout);
    if (connected == NGX_OK) send();
}

void FeedClient::send() {
    while (connection_ != nullptr && !unsent_.empty()) {
        const ssize_t sent = connection_->send(connection_, reinterpret_cast<u_char*>(unsent_.data()), unsent_.size());
        if (sent == NGX_AGAIN) break;
        if (sent <= 0) return disconnect("the connection failed");
        unsent_.erase(0, static_cast<std::size_t>(sent));
        if (unsent_.empty()) wait(kAnswerTimeout);
    }
    if (connection_ != nullptr && ngx_handle_write_event(connection_->write, 0) != NGX_OK) {
        disconnect("its events are refused");
    }
}

void FeedClient::receive() {
    std::array<u_char, kReadAtOnce> bytes;
    while (connection_ != nullptr) {
        const ssize_t size = connection_->recv(connection_, bytes.data(), bytes.size());
        if (size == NGX_AGAIN) break;
        if (size == 0) return disconnect("it closed the connection");
        if (size < 0) return disconnect("the connection failed");
        parser_->feed({reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size)});
        take_answers();
    }
    if (connection_ != nullptr && ngx_handle_read_event(connection_->read, 0) != NGX_OK) {
        disconnect("its events are refused");
    }
}

void FeedClient::take_answers() {
    while (connection_ != nullptr) {
        const auto answer = parser_->next();
        if (parser_->broken()) return disconnect("it does not speak Redis' protocol");
        if (!answer) return;
        if (!unsent_.empty()) return disconnect("it answers what it was not asked");
        const bool was_current = follower_->is_current();
        if (const auto taken = follower_->take(*answer, unix_ms()); !taken) return disconnect(taken.error());
        if (was_current) {
            // Only a feed that can be followed is one to complain of anew, and to come back to at once.
            complained_ = false;
            pause_ = kMinPause;
        } else if (follower_->is_current()) {
            conf_.state->figures().is_connected.store(1);
            ngx_log_error(NGX_LOG_NOTICE, log_, 0, "control feed: following %V", &conf_.redis);
        }
        ask();
    }
}

void FeedClient::ask() {
    unsent_ += format_redis_command(follower_->next_command());
    send();
}

void FeedClient::disconnect(const std::string& reason) {
    close_connection();
    if (!complained_) {
        ngx_log_error(NGX_LOG_ERR, log_, 0, "control feed: %V: %s; what is known stays in force", &conf_.redis,
                      reason.c_str());
    }
    complained_ = true;
    wait(pause_);
    pause_ = std::min(2 * pause_, kMaxPause);
}

void FeedClient::close_connection() {
    conf_.state->figures().is_connected.store(0);
    if (connection_ != nullptr) ngx_close_connection(connection_);
    connection_ = nullptr;
    unsent_.clear();
}

void FeedClient::resign() {
    if (!is_follower_) return;
    close_connection();
    journal_.close();
    conf_.state->resign();
    is_follower_ = false;
}

}  // namespace thumbgate::edge
