// What needs no nginx: the cores of rate limit and hot cache by themselves.
#include <chrono>
#include <random>
#include <string>

#include "bench/cases.hpp"
#include "bench/interrupt.hpp"
#include "contract/hmac.hpp"
#include "nginx-module/hot_cache/store.hpp"
#include "nginx-module/rate_limit/gcra.hpp"
#include "tests/support/hit_ratio.hpp"

namespace thumbgate::bench {

using namespace thumbgate::edge;

namespace {

constexpr std::size_t kLimitBytes = 24'000'000;
constexpr std::uint32_t kLimitedKeys = 1'000'000;
constexpr double kStockBytesAKey = 128;  // limit_req's documentation, for 64-bit platforms
constexpr Rate kRate{.interval_ns = 1'000'000'000, .burst = 100};
constexpr std::uint64_t kStart = 1'000'000'000'000;

// As the module computes it, of an IPv4 address.
std::uint64_t fingerprint(const HmacKey& key, std::uint32_t address) {
    const Sha256 digest = key.mac({{reinterpret_cast<const char*>(&address), sizeof(address)}});
    std::uint64_t value = 0;
    std::copy_n(digest.begin(), sizeof(value), reinterpret_cast<std::uint8_t*>(&value));
    return value;
}

// Keys that a second request still finds owing for their first.
double keys_remembered(GcraTable& table, const HmacKey& key) {
    for (std::uint32_t i = 0; i < kLimitedKeys; ++i) table.charge(fingerprint(key, i), kStart, kRate);
    throw_if_interrupted();
    double remembered = 0;
    for (std::uint32_t i = 0; i < kLimitedKeys; ++i) {
        remembered += table.charge(fingerprint(key, i), kStart, kRate).remaining < kRate.burst ? 1 : 0;
    }
    return remembered;
}

double ns_a_decision(GcraTable& table, const HmacKey& key, std::uint64_t decisions) {
    std::mt19937 random(1);
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < decisions; ++i) {
        table.charge(fingerprint(key, static_cast<std::uint32_t>(random() % kLimitedKeys)), kStart + i, kRate);
    }
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / static_cast<double>(decisions);
}

HotKey hot_key(std::uint64_t number) {
    std::mt19937_64 random(number);
    return {random(), random()};
}

}  // namespace

Rows limited_keys(Context& context) {
    std::vector<GcraSlot> slots(kLimitBytes / sizeof(GcraSlot) / kSlotsInSet * kSlotsInSet);
    GcraTable table(slots);
    const HmacKey key("a seed of the benchmark");
    const double remembered = keys_remembered(table, key);
    const double ns = ns_a_decision(table, key, context.plan().decisions);
    return {{"limited key, memory", sizeof(GcraSlot), kStockBytesAKey, "bytes"},
            {"limited keys of 1,000,000 held in 24 MB", remembered, kLimitBytes / kStockBytesAKey, "keys"},
            {"limited key, a decision", ns, std::nullopt, "ns"}};
}

Rows hit_ratio(Context&) {
    constexpr test::CacheLoad load;
    constexpr std::size_t pages = 2;
    const std::string body(pages * kHotPage - 1, 'x');
    std::vector<std::uint64_t> memory(load.objects / 10 * pages * kHotPage * 12 / 10 / sizeof(std::uint64_t) + 8);
    auto* aligned = reinterpret_cast<std::uint8_t*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
    const std::span<std::uint8_t> bytes(aligned, memory.size() * sizeof(std::uint64_t) - 64);
    HotStore::format(bytes);
    HotStore store(bytes);
    store.attach();
    HotMeta meta;
    meta.valid_until = 1;
    meta.length = static_cast<std::uint32_t>(body.size());
    const std::size_t held = store.counts().total_bytes / (pages * kHotPage);
    const auto ratios = test::hit_ratios(load, held, [&](std::uint64_t number) {
        const bool found = static_cast<bool>(store.find(hot_key(number), 0));
        if (!found) store.store(hot_key(number), meta, body);
        return found;
    });
    return {{"hit ratio on Zipf(0.9) with scans, against LRU", ratios.ours, ratios.lru, "%"}};
}

}  // namespace thumbgate::bench
