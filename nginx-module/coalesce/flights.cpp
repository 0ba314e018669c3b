#include "nginx-module/coalesce/flights.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "faults/fault_point.hpp"
#include "nginx-module/robust_mutex.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::uint64_t kMagic = 0x74686d62'666c7431;  // changes with the layout
constexpr std::size_t kWays = 8;                       // flights whose keys fall into one set
constexpr std::size_t kSets = 512;
constexpr std::size_t kShards = 16;
constexpr std::size_t kSetsAShard = kSets / kShards;

using WorkerSet = std::uint64_t;  // a bit a worker
static_assert(kFlightWorkers == 64);

WorkerSet bit(std::size_t worker) {
    return WorkerSet{1} << worker;
}

enum class FlightState : std::uint8_t {
    free,
    flying,
    landed,  // over; some workers have not yet seen the result
};

}  // namespace

struct Flights::Flight {
    HotKey key;
    std::uint64_t generation;
    WorkerSet waiting;
    std::uint64_t started_ms;
    FetchResult result;
    std::uint8_t leader;
    FlightState state;
};

// A process holds its place's lock for as long as it lives: the kernel tells when it died.
struct Flights::Worker {
    pthread_mutex_t alive;
    std::atomic<std::uint32_t> waiting;  // requests
};

struct Flights::Layout {
    std::uint64_t magic;
    std::uint64_t size;
    FlightCounters counters;
    std::array<pthread_mutex_t, kShards> locks;
    std::array<Worker, kFlightWorkers> workers;
    std::array<std::array<Flight, kWays>, kSets> sets;

    Flight& at(const FlightTicket& ticket) { return sets[ticket.flight / kWays][ticket.flight % kWays]; }
    std::span<std::array<Flight, kWays>> shard(std::size_t index) {
        return std::span(sets).subspan(index * kSetsAShard, kSetsAShard);
    }
};

// Holds the lock of the shard that a set belongs to, and wakes whom it was told to when it has let go of it. Where the
// process before died inside, the shard is emptied first.
class Flights::Lock {
  public:
    Lock(Flights& flights, std::size_t set) : flights_(flights), shard_(set / kSetsAShard) {
        if (lock_robust(mutex()) != Locked::owner_died) return;
        for (auto& flights_of_set : flights.layout_.shard(shard_)) {
            for (Flight& flight : flights_of_set) {
                to_wake_ |= std::exchange(flight.waiting, 0);
                flight.state = FlightState::free;
                ++flight.generation;
            }
        }
        flights.layout_.counters.emptied.fetch_add(1, std::memory_order_relaxed);
        mark_consistent(mutex());
    }
    ~Lock() {
        unlock(mutex());
        if (to_wake_ == 0) return;
        THUMB_FAULT_POINT("stored-not-woken");
        for (; to_wake_ != 0; to_wake_ &= to_wake_ - 1) {
            flights_.wake_(static_cast<std::size_t>(std::countr_zero(to_wake_)));
        }
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    void wake_later(WorkerSet workers) { to_wake_ |= workers; }

  private:
    pthread_mutex_t& mutex() { return flights_.layout_.locks[shard_]; }

    Flights& flights_;
    std::size_t shard_;
    WorkerSet to_wake_ = 0;
};

std::size_t Flights::memory_size() {
    return sizeof(Layout);
}

void Flights::format(std::span<std::uint8_t> memory) {
    std::ranges::fill(memory.first(sizeof(Layout)), std::uint8_t{0});
    auto& layout = *reinterpret_cast<Layout*>(memory.data());
    for (pthread_mutex_t& lock : layout.locks) init_robust(lock);
    for (Worker& worker : layout.workers) init_robust(worker.alive);
    layout.size = sizeof(Layout);
    layout.magic = kMagic;
}

bool Flights::is_formatted(std::span<const std::uint8_t> memory) {
    const auto& layout = *reinterpret_cast<const Layout*>(memory.data());
    return layout.magic == kMagic && layout.size == sizeof(Layout);
}

Flights::Flights(std::span<std::uint8_t> memory, Wake wake)
    : layout_(*reinterpret_cast<Layout*>(memory.data())), wake_(std::move(wake)) {}

Flights::~Flights() {
    if (!attached_) return;
    give_up(worker_);
    set_waiting(0);
    unlock(layout_.workers[worker_].alive);
}

bool Flights::attach() {
    reclaim_dead();
    for (std::size_t i = 0; i < kFlightWorkers && !attached_; ++i) {
        const Locked locked = try_lock_robust(layout_.workers[i].alive);
        if (locked == Locked::busy) continue;
        if (locked == Locked::owner_died) give_up(i);
        mark_consistent(layout_.workers[i].alive);
        worker_ = i;
        attached_ = true;
        set_waiting(0);
    }
    return attached_;
}

// Where a new flight of that key goes: null when one is under way that may be waited for, or when there is no room.
Flights::Flight* Flights::place_for(Lock& lock, std::span<Flight> set, const HotKey& key, std::uint64_t now_ms,
                                    std::uint64_t max_age_ms) const {
    for (Flight& flight : set) {
        if (flight.state != FlightState::flying || flight.key != key) continue;
        // Each process has read its clock at its own time: the flight may have started "later".
        if (now_ms < flight.started_ms + max_age_ms) {
            flight.waiting |= bit(worker_);
            return nullptr;
        }
        lock.wake_later(flight.waiting);
        return &flight;
    }
    for (const FlightState wanted : {FlightState::free, FlightState::landed}) {
        const auto found = std::ranges::find(set, wanted, &Flight::state);
        if (found == set.end()) continue;
        lock.wake_later(found->waiting);
        return &*found;
    }
    return nullptr;
}

FlightJoin Flights::join(const HotKey& key, std::uint64_t now_ms, std::uint64_t max_age_ms) {
    if (!attached_) return {};
    const std::size_t index = key.low % kSets;
    const std::span<Flight> set = layout_.sets[index];
    Lock lock(*this, index);
    THUMB_FAULT_POINT("flight-locked");
    const auto ticket = [&](const Flight& flight) {
        return FlightTicket{
            static_cast<std::uint32_t>(index * kWays) + static_cast<std::uint32_t>(&flight - set.data()),
            flight.generation};
    };
    if (Flight* flight = place_for(lock, set, key, now_ms, max_age_ms); flight != nullptr) {
        ++flight->generation;
        THUMB_FAULT_POINT("flight-half-taken");
        flight->key = key;
        flight->waiting = 0;
        flight->started_ms = now_ms;
        flight->leader = static_cast<std::uint8_t>(worker_);
        flight->state = FlightState::flying;
        return {FlightRole::leader, ticket(*flight)};
    }
    for (const Flight& flight : set) {
        if (flight.state == FlightState::flying && flight.key == key) return {FlightRole::waiter, ticket(flight)};
    }
    return {};
}

void Flights::end(Lock& lock, Flight& flight, const FetchResult& result) {
    flight.result = result;
    flight.state = flight.waiting == 0 ? FlightState::free : FlightState::landed;
    lock.wake_later(flight.waiting);
}

void Flights::finish(const FlightTicket& ticket, const FetchResult& result) {
    Lock lock(*this, ticket.flight / kWays);
    Flight& flight = layout_.at(ticket);
    if (flight.generation != ticket.generation || flight.state != FlightState::flying) return;
    THUMB_FAULT_POINT("flight-landing");
    end(lock, flight, result);
}

void Flights::forget_waiter(Flight& flight, std::size_t worker) {
    flight.waiting &= ~bit(worker);
    if (flight.waiting == 0 && flight.state == FlightState::landed) flight.state = FlightState::free;
}

std::optional<FetchResult> Flights::result(const FlightTicket& ticket) {
    const Lock lock(*this, ticket.flight / kWays);
    Flight& flight = layout_.at(ticket);
    if (flight.generation != ticket.generation || flight.state == FlightState::free) return FetchResult{};
    if (flight.state == FlightState::flying) return std::nullopt;
    const FetchResult result = flight.result;
    forget_waiter(flight, worker_);
    return result;
}

void Flights::leave(const FlightTicket& ticket) {
    const Lock lock(*this, ticket.flight / kWays);
    Flight& flight = layout_.at(ticket);
    if (flight.generation == ticket.generation) forget_waiter(flight, worker_);
}

// A flight that has landed is announced again: its leader may have died before it woke anyone.
void Flights::give_up(std::size_t worker) {
    for (std::size_t index = 0; index < kShards; ++index) {
        Lock lock(*this, index * kSetsAShard);
        for (auto& set : layout_.shard(index)) {
            for (Flight& flight : set) {
                if (flight.state == FlightState::free) continue;
                forget_waiter(flight, worker);
                if (flight.leader != worker) continue;
                if (flight.state == FlightState::flying) end(lock, flight, FetchResult{});
                lock.wake_later(flight.waiting);
            }
        }
    }
}

void Flights::reclaim_dead() {
    for (std::size_t i = 0; i < kFlightWorkers; ++i) {
        Worker& worker = layout_.workers[i];
        const Locked locked = try_lock_robust(worker.alive);
        if (locked == Locked::busy) continue;
        if (locked == Locked::owner_died) {
            give_up(i);
            worker.waiting.store(0, std::memory_order_relaxed);
            mark_consistent(worker.alive);
        }
        unlock(worker.alive);
    }
}

FlightCounters& Flights::counters() {
    return layout_.counters;
}

void Flights::set_waiting(std::size_t requests) {
    if (!attached_) return;
    layout_.workers[worker_].waiting.store(static_cast<std::uint32_t>(requests), std::memory_order_relaxed);
}

std::size_t Flights::waiting() {
    std::size_t sum = 0;
    for (const Worker& worker : layout_.workers) sum += worker.waiting.load(std::memory_order_relaxed);
    return sum;
}

}  // namespace thumbgate::edge
