#include "nginx-module/hot_cache/store.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "contract/hmac.hpp"
#include "faults/fault_point.hpp"
#include "nginx-module/hot_cache/shard.hpp"
#include "nginx-module/robust_mutex.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint64_t kMagic = 0x74686d62'686f7431;  // changes with the layout
constexpr std::size_t kSlots = 64;                     // processes that may look up at one time
constexpr std::size_t kPinsASlot = 1024;               // responses in flight a process
constexpr std::size_t kMaxShards = 16;
constexpr std::size_t kBytesAShard = 4 << 20;

struct PinRecord {
    std::uint32_t shard;
    std::uint32_t entry;
    bool used;
};

std::size_t shards_for(std::size_t bytes) {
    return std::clamp<std::size_t>(bytes / kBytesAShard, 1, kMaxShards);
}

std::size_t aligned(std::size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

}  // namespace

// A process holds its slot's lock for as long as it lives: the kernel tells when it died.
struct HotStore::Slot {
    pthread_mutex_t alive;
    std::array<PinRecord, kPinsASlot> pins;
};

struct HotStore::Shard {
    pthread_mutex_t* lock;
    HotShard core;
};

struct HotStore::Layout {
    struct Header {
        std::uint64_t magic;
        std::uint64_t bytes;
        std::uint64_t entry_size;
        std::array<pthread_mutex_t, kMaxShards> locks;
    };
    Header* header;
    std::span<Slot> slots;
    std::vector<Shard> shards;

    explicit Layout(std::span<std::uint8_t> memory) {
        header = reinterpret_cast<Header*>(memory.data());
        const std::size_t slots_at = aligned(sizeof(Header));
        slots = {reinterpret_cast<Slot*>(memory.data() + slots_at), kSlots};
        const std::size_t shards_at = slots_at + aligned(kSlots * sizeof(Slot));
        const std::size_t count = shards_for(memory.size());
        const std::size_t bytes = (memory.size() - shards_at) / count / 64 * 64;
        for (std::size_t i = 0; i < count; ++i) {
            shards.push_back({&header->locks[i], HotShard(memory.subspan(shards_at + i * bytes, bytes))});
        }
    }
};

// Holds a shard's lock. Where the process before died inside, the shard is emptied first.
class HotStore::Lock {
  public:
    Lock(const HotStore& store, std::uint32_t index) : shard_(store.layout_->shards[index]) {
        if (lock_robust(*shard_.lock) != Locked::owner_died) return;
        shard_.core.reset([&](std::uint32_t entry) { return store.pins_on(index, entry); });
        shard_.core.count_emptied();
        mark_consistent(*shard_.lock);
    }
    ~Lock() { unlock(*shard_.lock); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    HotShard& operator*() { return shard_.core; }
    HotShard* operator->() { return &shard_.core; }

  private:
    Shard& shard_;
};

HotKey hot_key(std::string_view cache_key) {
    return std::bit_cast<std::array<HotKey, 2>>(sha256(cache_key))[0];
}

bool HotMeta::set_etag(std::string_view text) {
    if (text.size() > etag.size()) return false;
    std::ranges::copy(text, etag.begin());
    etag_length = static_cast<std::uint8_t>(text.size());
    return true;
}

bool HotMeta::set_type(std::string_view text) {
    if (text.size() > type.size()) return false;
    std::ranges::copy(text, type.begin());
    type_length = static_cast<std::uint8_t>(text.size());
    return true;
}

void HotStore::format(std::span<std::uint8_t> memory) {
    std::ranges::fill(memory.first(aligned(sizeof(Layout::Header)) + kSlots * sizeof(Slot)), std::uint8_t{0});
    Layout layout(memory);
    for (pthread_mutex_t& lock : layout.header->locks) init_robust(lock);
    for (Slot& slot : layout.slots) init_robust(slot.alive);
    for (Shard& shard : layout.shards) shard.core.reset([](std::uint32_t) { return 0U; });
    layout.header->bytes = memory.size();
    layout.header->entry_size = sizeof(HotEntry);
    layout.header->magic = kMagic;
}

bool HotStore::is_formatted(std::span<const std::uint8_t> memory) {
    const auto* header = reinterpret_cast<const Layout::Header*>(memory.data());
    return header->magic == kMagic && header->bytes == memory.size() && header->entry_size == sizeof(HotEntry);
}

HotStore::HotStore(std::span<std::uint8_t> memory) : memory_(memory), layout_(std::make_unique<Layout>(memory)) {}

HotStore::~HotStore() {
    if (slot_ != nullptr) unlock(slot_->alive);
}

bool HotStore::attach() {
    release_dead_slots();
    for (Slot& slot : layout_->slots) {
        if (try_lock_robust(slot.alive) != Locked::clean) continue;
        slot_ = &slot;
        return true;
    }
    return false;
}

// What a dead process had pinned is counted anew from the records of the living.
void HotStore::release_dead_slots() {
    for (Slot& slot : layout_->slots) {
        if (try_lock_robust(slot.alive) == Locked::busy) continue;
        // Free, or its owner died: then the lock is ours, inconsistent, with records that nobody will give back.
        for (PinRecord& record : slot.pins) {
            if (!record.used) continue;
            const Lock shard(*this, record.shard);
            HotShard& core = layout_->shards[record.shard].core;
            record.used = false;
            core.unpin(record.entry);
        }
        mark_consistent(slot.alive);
        unlock(slot.alive);
    }
}

std::uint32_t HotStore::pins_on(std::uint32_t shard, std::uint32_t entry) const {
    std::uint32_t count = 0;
    for (const Slot& slot : layout_->slots) {
        for (const PinRecord& record : slot.pins) {
            if (record.used && record.shard == shard && record.entry == entry) ++count;
        }
    }
    return count;
}

HotStore::Shard& HotStore::shard_of(const HotKey& key, std::uint32_t& index) const {
    index = static_cast<std::uint32_t>((key.high >> 32U) % layout_->shards.size());
    return layout_->shards[index];
}

HotStore::Pin HotStore::find(const HotKey& key, std::int64_t now) {
    Pin pin;
    if (slot_ == nullptr) return pin;
    const auto record = std::ranges::find(slot_->pins, false, &PinRecord::used);
    if (record == slot_->pins.end()) return pin;
    shard_of(key, pin.shard_);
    Lock shard(*this, pin.shard_);
    pin.entry_ = shard->find(key, now);
    if (pin.entry_ == kNone) return pin;
    *record = {pin.shard_, pin.entry_, true};
    THUMB_FAULT_POINT("pin-half-taken");
    shard->pin(pin.entry_);
    pin.record_ = static_cast<std::uint32_t>(record - slot_->pins.begin());
    pin.store_ = this;
    return pin;
}

bool HotStore::store(const HotKey& key, const HotMeta& meta, std::string_view body) {
    std::uint32_t index = 0;
    shard_of(key, index);
    return Lock(*this, index)->store(key, meta, body);
}

void HotStore::remove(const HotKey& key) {
    std::uint32_t index = 0;
    shard_of(key, index);
    Lock(*this, index)->remove(key);
}

void HotStore::unpin(std::uint32_t shard, std::uint32_t entry, std::uint32_t record) {
    Lock lock(*this, shard);
    slot_->pins[record].used = false;
    lock->unpin(entry);
}

HotCounts HotStore::counts() {
    HotCounts sum;
    for (std::uint32_t i = 0; i < layout_->shards.size(); ++i) {
        const HotCounts counts = Lock(*this, i)->counts();
        sum.hits += counts.hits;
        sum.misses += counts.misses;
        sum.stored += counts.stored;
        sum.evicted += counts.evicted;
        sum.emptied_shards += counts.emptied_shards;
        sum.objects += counts.objects;
        sum.used_bytes += counts.used_bytes;
        sum.total_bytes += counts.total_bytes;
    }
    return sum;
}

HotStore::Pin::Pin(Pin&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)),
      shard_(other.shard_),
      entry_(other.entry_),
      record_(other.record_) {}

HotStore::Pin& HotStore::Pin::operator=(Pin&& other) noexcept {
    std::swap(store_, other.store_);
    std::swap(shard_, other.shard_);
    std::swap(entry_, other.entry_);
    std::swap(record_, other.record_);
    return *this;
}

HotStore::Pin::~Pin() {
    if (store_ != nullptr) store_->unpin(shard_, entry_, record_);
}

const HotMeta& HotStore::Pin::meta() const {
    return store_->layout_->shards[shard_].core.entry(entry_).meta;
}
std::uint32_t HotStore::Pin::first_page() const {
    return store_->layout_->shards[shard_].core.entry(entry_).first_page;
}
HotStore::Pin::Run HotStore::Pin::run_at(std::uint32_t page, std::size_t left) const {
    const HotShard& shard = store_->layout_->shards[shard_].core;
    std::uint32_t count = 1;
    std::uint32_t next = shard.next_page(page);
    while (count * kHotPage < left && next == page + count) {
        ++count;
        next = shard.next_page(next);
    }
    const auto bytes = shard.pages(page, count);
    return {bytes.first(std::min(left, bytes.size())), next};
}

}  // namespace thumbgate::edge
