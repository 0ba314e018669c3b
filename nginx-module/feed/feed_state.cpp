#include "nginx-module/feed/feed_state.hpp"

#include <cstring>

#include "contract/hmac.hpp"
#include "faults/fault_point.hpp"
#include "nginx-module/robust_mutex.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint64_t kMagic = 0x74686d62'66656431;  // changes with the layout
constexpr unsigned kSequenceBits = 20;
constexpr std::uint64_t kMaxMs = UINT64_MAX >> kSequenceBits;

std::uint64_t new_epoch() {
    std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
    fill_random(bytes);
    std::uint64_t epoch = 0;
    std::memcpy(&epoch, bytes.data(), sizeof(epoch));
    return epoch;
}

}  // namespace

struct FeedState::Header {
    std::uint64_t magic;
    std::uint64_t bytes;
    pthread_mutex_t follower;
    std::atomic<std::uint64_t> epoch;
    std::atomic<std::uint64_t> position;
    std::atomic<std::uint64_t> knows_revocations;
    FeedFigures figures;
    FingerprintTable::Header generations;
    FingerprintTable::Header revoked;
};

namespace {

// Half of the slots for each table.
std::span<FingerprintSlot> slots_of(std::span<std::uint8_t> memory, std::size_t header_size, std::size_t table) {
    const std::size_t begin = (header_size + 63) / 64 * 64;
    const std::size_t slots = (memory.size() - begin) / sizeof(FingerprintSlot) / 4 * 2;
    return {reinterpret_cast<FingerprintSlot*>(memory.data() + begin) + table * slots, slots};
}

}  // namespace

std::optional<FeedPosition> position_of(const StreamId& id) {
    if (id.ms > kMaxMs || id.sequence >= 1ULL << kSequenceBits) return std::nullopt;
    return id.ms << kSequenceBits | id.sequence;
}

StreamId stream_id_of(FeedPosition position) {
    return {position >> kSequenceBits, position & ((1ULL << kSequenceBits) - 1)};
}

void FeedState::format(std::span<std::uint8_t> memory) {
    auto* header = reinterpret_cast<Header*>(memory.data());
    init_robust(header->follower);
    header->bytes = memory.size();
    header->epoch.store(new_epoch());
    header->magic = kMagic;
}

bool FeedState::is_formatted(std::span<const std::uint8_t> memory) {
    const auto* header = reinterpret_cast<const Header*>(memory.data());
    return header->magic == kMagic && header->bytes == memory.size();
}

FeedState::FeedState(std::span<std::uint8_t> memory)
    : header_(reinterpret_cast<Header*>(memory.data())),
      generations_(header_->generations, slots_of(memory, sizeof(Header), 0)),
      revoked_(header_->revoked, slots_of(memory, sizeof(Header), 1)) {}

CacheGeneration FeedState::cache_generation(std::string_view source) const {
    const std::uint64_t fingerprint = fingerprint_of(source);
    for (;;) {
        const CacheGeneration current{epoch(), generations_.find(fingerprint)};
        // The table of an epoch that ended meanwhile says nothing.
        if (epoch() == current.epoch) return current;
    }
}

std::uint64_t FeedState::epoch() const {
    return header_->epoch.load(std::memory_order_acquire);
}

std::uint64_t FeedState::generation(std::string_view source) const {
    return generations_.find(fingerprint_of(source));
}

bool FeedState::knows_revocations() const {
    return header_->knows_revocations.load(std::memory_order_acquire) != 0;
}

bool FeedState::is_revoked(std::string_view name) const {
    return revoked_.find(fingerprint_of(name)) != 0;
}

FeedFigures& FeedState::figures() const {
    return header_->figures;
}

bool FeedState::try_to_follow() {
    const Locked locked = try_lock_robust(header_->follower);
    // What it guards is right at every moment, so that nothing has to be mended.
    if (locked == Locked::owner_died) mark_consistent(header_->follower);
    return locked != Locked::busy;
}

void FeedState::resign() {
    header_->figures.is_connected.store(0);
    unlock(header_->follower);
}

FeedPosition FeedState::position() const {
    return header_->position.load();
}

void FeedState::apply(FeedPosition at, const std::optional<FeedEvent>& event, std::uint64_t now_ms) {
    FeedFigures& figures = header_->figures;
    if (event && event->kind == FeedEventKind::purge) {
        // None is given up for its age: what was stored before it may be in the disk cache still.
        if (!generations_.put(fingerprint_of(event->name), at, 0)) start_epoch(at);
    } else if (event && event->kind != FeedEventKind::begin) {
        if (!add_revocation(revoked_name(*event), event->expires, now_ms)) set_knows_revocations(false);
    }
    THUMB_FAULT_POINT("generation-not-persisted");
    header_->position.store(at);
    const std::uint64_t entry_ms = stream_id_of(at).ms;
    figures.lag_ms.store(now_ms > entry_ms ? now_ms - entry_ms : 0);
    (event ? figures.applied[static_cast<std::size_t>(event->kind)] : figures.skipped).fetch_add(1);
}

bool FeedState::add_revocation(std::string_view name, std::uint64_t expires, std::uint64_t now_ms) {
    const std::uint64_t now = now_ms / 1000;
    if (expires < now) return true;
    const std::uint64_t fingerprint = fingerprint_of(name);
    return revoked_.find(fingerprint) >= expires || revoked_.put(fingerprint, expires, now);
}

void FeedState::set_knows_revocations(bool known) {
    header_->knows_revocations.store(known ? 1 : 0, std::memory_order_release);
}

void FeedState::start_epoch(FeedPosition position) {
    header_->epoch.store(new_epoch());
    header_->position.store(position);
    generations_.clear();
    header_->figures.epochs.fetch_add(1);
}

bool FeedState::restore_purge(std::uint64_t fingerprint, FeedPosition at) {
    return generations_.put(fingerprint, at, 0);
}

void FeedState::restore(std::uint64_t epoch, FeedPosition position) {
    header_->epoch.store(epoch);
    header_->position.store(position);
}

}  // namespace thumbgate::edge
