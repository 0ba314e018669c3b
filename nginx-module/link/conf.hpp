// What a location says about its links: see docs/directives.md.
#pragma once

#include "contract/formats.hpp"
#include "contract/keys.hpp"
#include "contract/ladder.hpp"
#include "contract/options.hpp"
#include "contract/sources.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

struct LinkConf {
    ngx_flag_t signature;      // unset: not a thumbnail location; off: links are parsed, not verified
    ngx_str_t prefix;          // the location's name, e.g. "/t/": the signature begins after it
    const KeyRing* keys;       // null: none
    ngx_int_t signature_size;  // bytes
    Ladder* sizes;             // null, or without a width: none
    Presets* presets;          // null: none
    ngx_flag_t presets_only;
    Sources* sources;   // null, or without a prefix: every source
    FormatSet formats;  // offered by negotiation
    ngx_flag_t formats_set;

    bool is_thumbnail_location() const { return signature != NGX_CONF_UNSET; }
};

}  // namespace thumbgate::edge
