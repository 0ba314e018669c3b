// The hot cache: small thumbnails answered from shared memory in the precontent phase, before any upstream or file is
// touched, through nginx's own not-modified, range and header filters; and filled from what nginx's disk cache and the
// backend send. Whatever fails here, the request goes on to the disk cache.
#pragma once

#include <span>

#include "nginx-module/conf.hpp"
#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

std::span<const ngx_command_t> hot_cache_directives();
void init_hot_cache(HotConf& conf);
void merge_hot_cache(const HotConf& outer, HotConf& inner);

// In each worker as it starts and ends.
void attach_hot_cache(const ngx_cycle_t* cycle, const HotMainConf& conf);
void detach_hot_cache(const HotMainConf& conf);

// Phase handler: answers from memory, or declines.
ngx_int_t serve_hot(ngx_http_request_t* r) noexcept;

// Header filter's part: decides whether this response is to be kept, and if so asks for it in memory.
void begin_hot_fill(ngx_http_request_t* r);

// Body filter's part: collects the body, and stores it when all of it went by.
void continue_hot_fill(ngx_http_request_t* r, const ngx_chain_t* in);

}  // namespace thumbgate::edge
