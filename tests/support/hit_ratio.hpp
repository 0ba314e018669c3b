// A cache's load that is hard on an LRU: a few objects are asked for often (Zipf's law), and now and then somebody
// walks through many that nobody asks for again.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <list>
#include <random>
#include <unordered_map>
#include <vector>

namespace thumbgate::test {

struct CacheLoad {
    std::uint64_t objects = 8000;  // of the Zipf distribution
    double exponent = 0.9;
    int requests = 60'000;
    int unmeasured = 10'000;  // the first ones, which fill the caches
    int scan_every = 5000;    // requests
    int scan_objects = 1000;
};

// Calls `ask(number, measured)` for each request, the same numbers in each run; those of a scan are not measured.
template <typename Ask>
void put_cache_load(const CacheLoad& load, Ask ask) {
    std::vector<double> cumulative;
    double sum = 0;
    for (std::uint64_t i = 1; i <= load.objects; ++i) {
        cumulative.push_back(sum += 1 / std::pow(static_cast<double>(i), load.exponent));
    }
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> uniform(0, sum);
    std::uint64_t scanned = load.objects;
    for (int i = 0; i < load.requests; ++i) {
        const auto rank = std::ranges::lower_bound(cumulative, uniform(random)) - cumulative.begin();
        ask(static_cast<std::uint64_t>(rank), i > load.unmeasured);
        if (i % load.scan_every != 0) continue;
        for (int j = 0; j < load.scan_objects; ++j) ask(++scanned, false);
    }
}

// A cache of so many objects that forgets the one which was asked for longest ago.
class ExactLru {
  public:
    explicit ExactLru(std::size_t objects) : objects_(objects) {}

    // Whether it is there; it is from now on.
    bool ask(std::uint64_t number) {
        const auto found = place_.find(number);
        const bool there = found != place_.end();
        if (there) recency_.erase(found->second);
        recency_.push_front(number);
        place_[number] = recency_.begin();
        if (place_.size() > objects_) {
            place_.erase(recency_.back());
            recency_.pop_back();
        }
        return there;
    }

  private:
    std::size_t objects_;
    std::list<std::uint64_t> recency_;
    std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> place_;
};

struct HitRatios {
    double ours = 0;  // percent
    double lru = 0;
};

// `ask_ours(number)`: whether it is there; it is from now on, as far as the cache admits it.
template <typename AskOurs>
HitRatios hit_ratios(const CacheLoad& load, std::size_t lru_objects, AskOurs ask_ours) {
    ExactLru lru(lru_objects);
    int requests = 0, our_hits = 0, lru_hits = 0;
    put_cache_load(load, [&](std::uint64_t number, bool measured) {
        const bool ours = ask_ours(number), theirs = lru.ask(number);
        if (!measured) return;
        ++requests;
        our_hits += ours ? 1 : 0;
        lru_hits += theirs ? 1 : 0;
    });
    return {100.0 * our_hits / requests, 100.0 * lru_hits / requests};
}

}  // namespace thumbgate::test
