// The hot cache's core: what is found is what was stored, whatever was evicted and whoever died meanwhile.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <list>
#include <random>

#include "nginx-module/hot_cache/shard.hpp"
#include "nginx-module/hot_cache/store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/hit_ratio.hpp"

using namespace thumbgate::edge;

namespace {

constexpr std::int64_t kNow = 1000;

// Memory that forked processes share.
class SharedMemory {
  public:
    explicit SharedMemory(std::size_t bytes) : bytes_(bytes) {
        data_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(data_ != MAP_FAILED);
        HotStore::format(span());
    }
    ~SharedMemory() { ::munmap(data_, bytes_); }
    SharedMemory(const SharedMemory&) = delete;
    std::span<std::uint8_t> span() const { return {static_cast<std::uint8_t*>(data_), bytes_}; }

  private:
    void* data_;
    std::size_t bytes_;
};

// Spread as a hash would be.
HotKey key_of(std::uint64_t number) {
    std::mt19937_64 random(number);
    return {random(), random()};
}

// A body that tells whose it is at every place.
std::string body_of(std::uint64_t number, std::size_t size) {
    std::mt19937_64 random(number);
    std::string body(size, '\0');
    for (char& byte : body) byte = static_cast<char>(random());
    return body;
}

std::size_t size_of(std::uint64_t number) {
    return 1 + number * 7919 % 30'000;
}

bool put(HotStore& store, std::uint64_t number, std::size_t size, std::int64_t valid_until = kNow + 1) {
    HotMeta meta;
    meta.valid_until = valid_until;
    meta.length = static_cast<std::uint32_t>(size);
    meta.set_etag("\"" + std::to_string(number) + "\"");
    meta.set_type("image/webp");
    return store.store(key_of(number), meta, body_of(number, size));
}

std::string read(const HotStore::Pin& pin) {
    std::string body;
    pin.for_each_part([&](auto bytes) { body.append(bytes.begin(), bytes.end()); });
    return body;
}

struct Store {
    SharedMemory memory;
    HotStore store;
    explicit Store(std::size_t bytes = 4 << 20) : memory(bytes), store(memory.span()) { REQUIRE(store.attach()); }
};

}  // namespace

TEST_CASE("what was stored is found, with what is to be said of it, until it is no longer valid") {
    Store hot;
    REQUIRE(put(hot.store, 1, 12'345));
    const auto pin = hot.store.find(key_of(1), kNow + 1);
    REQUIRE(pin);
    CHECK(read(pin) == body_of(1, 12'345));
    CHECK(pin.meta().etag_view() == "\"1\"");
    CHECK(pin.meta().type_view() == "image/webp");
    CHECK_FALSE(hot.store.find(key_of(1), kNow + 2));
    CHECK_FALSE(hot.store.find(key_of(2), kNow));
}

TEST_CASE("bodies of every size around a page's come back whole") {
    Store hot;
    for (const std::size_t size : {std::size_t{1}, kHotPage - 1, kHotPage, kHotPage + 1, kMaxHotObject}) {
        REQUIRE(put(hot.store, size, size));
        CHECK(read(hot.store.find(key_of(size), kNow)) == body_of(size, size));
    }
    CHECK_FALSE(put(hot.store, 9, kMaxHotObject + 1));
}

TEST_CASE("a body lies in one piece, in memory that is new and in that of one as large that went") {
    Store hot(1 << 20);
    const auto parts = [&](std::uint64_t number) {
        int count = 0;
        hot.store.find(key_of(number), kNow).for_each_part([&](auto) { ++count; });
        return count;
    };
    for (std::uint64_t i = 0; i < 10; ++i) {
        REQUIRE(put(hot.store, i, 12'345));
        CHECK(parts(i) == 1);
    }
    hot.store.remove(key_of(4));
    REQUIRE(put(hot.store, 20, 12'345));
    CHECK(parts(20) == 1);
    hot.store.remove(key_of(2));
    hot.store.remove(key_of(7));
    REQUIRE(put(hot.store, 21, 24'000));
    CHECK(parts(21) == 2);
    CHECK(read(hot.store.find(key_of(21), kNow)) == body_of(21, 24'000));
}

TEST_CASE("an object that is replaced or removed while it is sent stays whole for the one who sends it") {
    Store hot;
    put(hot.store, 1, 20'000);
    const auto sending = hot.store.find(key_of(1), kNow);
    HotMeta meta;
    meta.valid_until = kNow;
    meta.length = 3;
    REQUIRE(hot.store.store(key_of(1), meta, "new"));
    for (std::uint64_t i = 100; i < 1000; ++i) put(hot.store, i, size_of(i));
    CHECK(read(sending) == body_of(1, 20'000));
    hot.store.remove(key_of(1));
    CHECK_FALSE(hot.store.find(key_of(1), kNow));
}

TEST_CASE("under churn every hit is the right body, and all memory comes back in the end") {
    Store hot(2 << 20);
    std::mt19937_64 random(1);
    std::list<std::pair<std::uint64_t, HotStore::Pin>> sending;
    int hits = 0;
    for (int i = 0; i < 50'000; ++i) {
        const std::uint64_t number = random() % 300;
        auto pin = hot.store.find(key_of(number), kNow);
        if (!pin) {
            put(hot.store, number, size_of(number));
            continue;
        }
        ++hits;
        REQUIRE(read(pin) == body_of(number, size_of(number)));
        if (random() % 8 == 0) sending.emplace_back(number, std::move(pin));
        if (sending.size() > 20) {
            REQUIRE(read(sending.front().second) == body_of(sending.front().first, size_of(sending.front().first)));
            sending.pop_front();
        }
    }
    CHECK(hits > 5000);
    sending.clear();
    for (std::uint64_t number = 0; number < 300; ++number) hot.store.remove(key_of(number));
    CHECK(hot.store.counts().objects == 0);
    CHECK(hot.store.counts().used_bytes == 0);
}

TEST_CASE("when everything is pinned nothing is stored, and nothing breaks") {
    Store hot(1 << 20);
    std::list<HotStore::Pin> pins;
    for (std::uint64_t i = 0; i < 200; ++i) {
        if (put(hot.store, i, 16'000)) pins.push_back(hot.store.find(key_of(i), kNow));
    }
    CHECK_FALSE(put(hot.store, 500, 16'000));
    std::uint64_t number = 0;
    for (const auto& pin : pins) CHECK(read(pin) == body_of(number++, 16'000));
    pins.clear();
    CHECK(put(hot.store, 500, 16'000));
}

TEST_CASE("the pins of a process that was killed are given back to the others") {
    Store hot;
    put(hot.store, 1, 20'000);
    const pid_t child = fork();
    if (child == 0) {
        HotStore own(hot.memory.span());
        own.attach();
        auto pin = own.find(key_of(1), kNow);
        ::raise(SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
    hot.store.remove(key_of(1));
    CHECK(hot.store.counts().used_bytes > 0);
    HotStore successor(hot.memory.span());
    REQUIRE(successor.attach());
    CHECK(hot.store.counts().used_bytes == 0);
}

TEST_CASE("processes that are killed at any moment stop nobody and leave no wrong body") {
    Store hot(2 << 20);
    for (int round = 0; round < 40; ++round) {
        const pid_t child = fork();
        if (child == 0) {
            HotStore own(hot.memory.span());
            own.attach();
            std::mt19937_64 random(static_cast<std::uint64_t>(round));
            for (;;) {
                const std::uint64_t number = random() % 300;
                if (auto pin = own.find(key_of(number), kNow); !pin) put(own, number, size_of(number));
            }
        }
        ::usleep(2000 + 137 * static_cast<unsigned>(round));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        for (std::uint64_t number = 0; number < 300; ++number) {
            if (const auto pin = hot.store.find(key_of(number), kNow)) {
                REQUIRE(read(pin) == body_of(number, size_of(number)));
            }
        }
    }
    HotStore successor(hot.memory.span());
    REQUIRE(successor.attach());
    for (std::uint64_t number = 0; number < 300; ++number) hot.store.remove(key_of(number));
    CHECK(hot.store.counts().used_bytes == 0);
}

TEST_CASE("memory of another layout is recognised") {
    SharedMemory memory(1 << 20);
    CHECK(HotStore::is_formatted(memory.span()));
    CHECK_FALSE(HotStore::is_formatted(memory.span().first((1 << 20) - 64)));
    memory.span()[0] ^= 1;
    CHECK_FALSE(HotStore::is_formatted(memory.span()));
}

TEST_CASE("on a Zipf-distributed load with scans it finds more than an LRU cache of the same size") {
    constexpr thumbgate::test::CacheLoad load;
    constexpr std::size_t size = 3000;  // two pages
    Store hot(load.objects / 10 * 2 * kHotPage * 12 / 10);
    const std::size_t lru_objects = hot.store.counts().total_bytes / (2 * kHotPage);
    const auto ratios = thumbgate::test::hit_ratios(load, lru_objects, [&](std::uint64_t number) {
        const bool found = static_cast<bool>(hot.store.find(key_of(number), kNow));
        if (!found) put(hot.store, number, size);
        return found;
    });
    INFO("hit ratio: hot cache " << ratios.ours << " %, LRU " << ratios.lru << " %");
    CHECK(ratios.ours >= ratios.lru + 5);
}
