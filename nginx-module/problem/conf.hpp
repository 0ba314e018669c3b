// Whether nginx's own error pages become problem details: see docs/directives.md.
#pragma once

#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

struct ProblemConf {
    ngx_flag_t enabled;
};

}  // namespace thumbgate::edge
