// One worker's part in following the control feed: it waits for the follower's place, and once it has it, keeps a
// connection to Redis in nginx's event loop. Connecting, every answer and every pause have a deadline. A worker that
// quits gives the place up at once; the place of one that is killed is taken over within a fifth of a second.
#pragma once

#include <memory>
#include <string>

#include "nginx-module/feed/conf.hpp"
#include "nginx-module/feed/follower.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

class FeedClient {
  public:
    FeedClient(const FeedConf& conf, ngx_log_t* log);
    FeedClient(const FeedClient&) = delete;
    FeedClient& operator=(const FeedClient&) = delete;
    ~FeedClient();

    void start();

  private:
    static void on_timer(ngx_event_t* event) noexcept;
    static void on_read(ngx_event_t* event) noexcept;
    static void on_write(ngx_event_t* event) noexcept;

    void wake();     // the timer
    void connect();  // as the follower
    void receive();
    void take_answers();
    void ask();  // the follower's next command
    void send();
    void disconnect(const std::string& reason);  // and try again later
    void close_connection();
    void resign();
    void wait(ngx_msec_t time);

    const FeedConf& conf_;
    ngx_log_t* log_;
    ngx_log_t quiet_log_;  // nginx complains of every attempt to connect; we of the first
    ngx_event_t timer_{};
    ngx_connection_t* connection_ = nullptr;
    Journal journal_;
    std::unique_ptr<RedisParser> parser_;
    std::unique_ptr<Follower> follower_;
    std::string unsent_;
    ngx_msec_t pause_;
    bool is_follower_ = false;
    bool complained_ = false;
};

}  // namespace thumbgate::edge
