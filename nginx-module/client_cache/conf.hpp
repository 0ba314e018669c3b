// How long clients may keep a thumbnail: see docs/directives.md.
#pragma once

#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

struct ClientCacheConf {
    time_t max_age;  // seconds
};

}  // namespace thumbgate::edge
