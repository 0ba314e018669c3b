// Where the control feed comes from, and what is known of it: see docs/directives.md.
#pragma once

#include <memory>
#include <string>

#include "nginx-module/feed/feed_state.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

class FeedClient;

struct FeedConf {
    FeedConf();
    ~FeedConf();

    ngx_str_t redis{};  // as written
    ngx_addr_t address{};
    std::string password;    // empty: none
    std::string state_file;  // the journal
    ngx_shm_zone_t* shm = nullptr;
    std::unique_ptr<FeedState> state;    // once the zone is initialised
    std::unique_ptr<FeedClient> client;  // in each worker
};

struct FeedMainConf {
    FeedConf* feed;  // null: none is followed
};

}  // namespace thumbgate::edge
