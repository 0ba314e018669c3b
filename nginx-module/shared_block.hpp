// The whole of a zone's shared memory as one block that survives reloads: what a feature lays out by itself.
#pragma once

#include <cstdint>
#include <span>

#include "nginx-module/ngx.hpp"

namespace thumbgate::edge {

// What nginx's slab allocator keeps of a zone for itself, at most.
inline constexpr std::size_t kSlabOverhead = 128 * 1024;  // bytes

struct SharedBlock {
    std::span<std::uint8_t> memory;
    bool is_new = false;  // and zeroed; else it is as the configuration before left it
};

// To be called as the zone is initialised. Empty when the zone is too small for any block.
inline SharedBlock shared_block(ngx_shm_zone_t* shm) {
    auto* pool = reinterpret_cast<ngx_slab_pool_t*>(shm->shm.addr);
    if (pool->data != nullptr) return {*static_cast<std::span<std::uint8_t>*>(pool->data), false};
    const std::size_t bytes = static_cast<std::size_t>(pool->pfree - 1) * ngx_pagesize;
    auto* head = static_cast<std::span<std::uint8_t>*>(ngx_slab_calloc(pool, sizeof(std::span<std::uint8_t>)));
    auto* memory = static_cast<std::uint8_t*>(ngx_slab_alloc(pool, bytes));
    if (head == nullptr || memory == nullptr) return {};
    // Pages that nobody wrote to yet are zero, but for what the allocator itself left in them.
    *head = {memory, bytes};
    pool->data = head;
    pool->log_nomem = 0;
    return {*head, true};
}

}  // namespace thumbgate::edge
