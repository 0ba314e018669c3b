// Fetches that are under way, in memory that every worker shares. Of the requests for one key that no cache answers,
// the first leads: it asks the backend. The others wait, each in its own worker, until the leader says how that ended;
// then every worker that has waiters is woken once.
//
// A table of fixed size, in sets of kWays flights and shards with a robust lock each. A process that dies inside a lock
// costs that shard's flights, one that dies anywhere else the flights it leads; whoever waited for them is woken and
// sees them as abandoned. A ticket names a flight and its generation, so that one of a flight that is over says nothing
// about the next in its place.
//
// The memory is the caller's and outlives this object; each process has one Flights over it. Not for several threads
// of one process.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "nginx-module/hot_cache/store.hpp"

namespace thumbgate::edge {

// Longer than a fetch may take by the backend's own deadlines and conf/proxy.conf, so that a waiter gets what the
// leader gets; this is for a leader that is stuck.
inline constexpr std::uint64_t kDefaultFlightTimeoutMs = 30'000;

inline constexpr std::size_t kFlightWorkers = 64;  // processes that may take part at one time: old and new ones

// How a fetch ended, for those who waited for it.
enum class FetchEnd : std::uint8_t {
    stored,     // the cache has the object
    varied,     // the cache has it for requests like the leader's alone (Vary)
    passed,     // it was answered, and no cache keeps the answer: everyone asks for himself
    failed,     // with a status, which everyone gets
    abandoned,  // nothing came of it: the next one leads
};

struct FetchResult {
    FetchEnd end = FetchEnd::abandoned;
    std::uint16_t status = 0;       // of failed
    std::uint32_t retry_after = 0;  // of failed: seconds, 0 when the backend did not say
    std::uint32_t holds_ms = 0;     // of stored and passed: for so long others need not ask whether to wait
};

struct FlightTicket {
    std::uint32_t flight = 0;
    std::uint64_t generation = 0;
    bool operator==(const FlightTicket&) const = default;
};

enum class FlightRole : std::uint8_t { leader, waiter, alone };

struct FlightJoin {
    FlightRole role = FlightRole::alone;  // alone: the table has no room, or this process has no place
    FlightTicket ticket{};
};

// Requests by what became of them, since the memory was made.
struct FlightCounters {
    std::atomic<std::uint64_t> leader;   // asked the backend, for others too
    std::atomic<std::uint64_t> waited;   // waited until a fetch ended
    std::atomic<std::uint64_t> timeout;  // waited too long
    std::atomic<std::uint64_t> alone;    // asked the backend without being a leader
    std::atomic<std::uint64_t> emptied;  // shards, after a process died in their lock
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

class Flights {
  public:
    // Tells worker number N (below kFlightWorkers) to look at the results of the flights it waits for. It is called
    // outside every lock, and must not throw.
    using Wake = std::function<void(std::size_t worker)>;

    static std::size_t memory_size();
    // Lays out an empty table. `memory`: memory_size() bytes, aligned to 64.
    static void format(std::span<std::uint8_t> memory);
    static bool is_formatted(std::span<const std::uint8_t> memory);

    Flights(std::span<std::uint8_t> memory, Wake wake);
    // Abandons the flights that this process leads.
    ~Flights();
    Flights(const Flights&) = delete;
    Flights& operator=(const Flights&) = delete;

    // Takes a place for this process, and gives up the flights of processes that died. False: no place is free; then
    // every join says alone. Call it once, in the process that will take part (after a fork).
    bool attach();
    std::size_t worker() const { return worker_; }  // this process's number, once attached

    // A flight older than `max_age_ms` is taken over: its leader may be stuck.
    FlightJoin join(const HotKey& key, std::uint64_t now_ms, std::uint64_t max_age_ms);

    // The leader's word. It says nothing when the flight was taken over or given up meanwhile.
    void finish(const FlightTicket& ticket, const FetchResult& result);

    // For a waiter: nullopt while the fetch is under way. With a result, this process waits no longer.
    std::optional<FetchResult> result(const FlightTicket& ticket);

    // This process waits for that flight no longer.
    void leave(const FlightTicket& ticket);

    // Gives up the flights of processes that died since.
    void reclaim_dead();

    FlightCounters& counters();
    // How many requests wait, in this process and in all.
    void set_waiting(std::size_t requests);
    std::size_t waiting();

  private:
    struct Layout;
    struct Flight;
    struct Worker;
    class Lock;

    Flight* place_for(Lock& lock, std::span<Flight> set, const HotKey& key, std::uint64_t now_ms,
                      std::uint64_t max_age_ms) const;
    void end(Lock& lock, Flight& flight, const FetchResult& result);
    void forget_waiter(Flight& flight, std::size_t worker);
    void give_up(std::size_t worker);

    Layout& layout_;
    Wake wake_;
    bool attached_ = false;
    std::size_t worker_ = 0;
};

}  // namespace thumbgate::edge
