// The feed's state file: whatever is in it, what is restored has a place in the feed, and nothing else is changed.
#include <array>
#include <memory>

#include "nginx-module/feed/journal.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;
using namespace thumbgate::edge;

namespace {

struct alignas(64) Memory {
    std::array<std::uint8_t, kMinFeedMemory> bytes{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto memory = std::make_unique<Memory>();
    FeedState::format(memory->bytes);
    FeedState state(memory->bytes);
    const bool restored = restore_journal(text_of(data, size), state);
    expect(restored == (state.position() != 0));
    expect(!state.knows_revocations());
    return 0;
}
