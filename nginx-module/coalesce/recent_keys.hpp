// Keys whose requests had better not wait for now, as one process remembers them: their object is on disk, or no cache
// keeps it. What is forgotten too early costs a look at the shared table; nothing is remembered for longer than asked.
#pragma once

#include <array>
#include <cstdint>

#include "nginx-module/hot_cache/store.hpp"

namespace thumbgate::edge {

class RecentKeys {
  public:
    void remember(const HotKey& key, std::uint64_t until_ms) { place(key) = {key, until_ms}; }
    bool holds(const HotKey& key, std::uint64_t now_ms) {
        const Entry& entry = place(key);
        return entry.key == key && now_ms < entry.until_ms;
    }

  private:
    struct Entry {
        HotKey key{};
        std::uint64_t until_ms = 0;
    };
    Entry& place(const HotKey& key) { return entries_[key.high % entries_.size()]; }

    std::array<Entry, 1024> entries_{};
};

}  // namespace thumbgate::edge
