// What a server that may be no Redis answers to an edge: whatever comes, the follower's place only moves forward, and
// purges stay known within an epoch.
#include <array>
#include <optional>
#include <string>

#include "nginx-module/feed/follower.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;
using namespace thumbgate::edge;

namespace {

constexpr std::uint64_t kNowMs = 1'800'000'000'000;

struct alignas(64) Memory {
    std::array<std::uint8_t, kMinFeedMemory> bytes{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto memory = std::make_unique<Memory>();
    FeedState::format(memory->bytes);
    FeedState state(memory->bytes);
    state.apply(*position_of({kNowMs, 1}), FeedEvent{FeedEventKind::purge, "a", 0}, kNowMs);
    const std::uint64_t first_epoch = state.epoch();
    Journal journal("/dev/null/none");
    Follower follower(state, journal, data[0] % 2 == 0 ? "" : "password", [](const std::string&) {});
    RedisParser parser;
    parser.feed(text_of(data + 1, size - 1));
    while (const auto answer = parser.next()) {
        const std::uint64_t epoch = state.epoch();
        const FeedPosition place = state.position();
        const bool taken = follower.take(*answer, kNowMs).has_value();
        if (state.epoch() == epoch) expect(state.position() >= place);
        if (state.epoch() == first_epoch) expect(state.generation("a") != 0);
        if (!taken) break;
        expect(!format_redis_command(follower.next_command()).empty());
    }
    return 0;
}
