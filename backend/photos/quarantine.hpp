// Pictures that break converters, by the digest of their bytes, in the storage: `quarantine/<sha256>`, a
// QuarantineRecord each. So a restart forgets none, and every backend of the storage knows them. A picture with
// kStrikesOut strikes is quarantined until it is released.
//
// Every call blocks and runs on a storage thread; any number of threads may call at once. Where two backends strike the
// same picture in the same moment, one of the strikes may be lost.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/error.hpp"
#include "backend/photos/records.hpp"
#include "backend/storage/storage.hpp"

namespace thumbgate {

inline constexpr std::uint32_t kStrikesOut = 2;
inline constexpr std::uint64_t kStrikeCounts = 24ULL * 3600;  // seconds that a strike waits for the one that decides

inline bool is_quarantined(const QuarantineRecord& record) {
    return record.strikes >= kStrikesOut;
}

struct QuarantinePage {
    std::vector<QuarantineRecord> pictures;  // quarantined, in order of their digests
    std::string next;                        // what the following page comes after; empty: this is the last
};

class Quarantine {
  public:
    // With more than `max_records` the tenth that was struck longest ago is forgotten.
    explicit Quarantine(Storage& storage, std::size_t max_records = 100'000)
        : storage_(storage), max_records_(max_records) {}

    // What is known of a picture, be it quarantined or not yet. A record that is damaged is none.
    Result<std::optional<QuarantineRecord>> find(const std::string& digest);

    // Adds to the record of `offence.digest` its strikes, with reason and source; `now`: unix seconds.
    Result<QuarantineRecord> strike(const QuarantineRecord& offence, std::uint64_t now);

    // Looks at `limit` records after the one of the digest `after`, which may be empty.
    Result<QuarantinePage> list(const std::string& after, std::size_t limit);

    // False: it was not there.
    Result<bool> release(const std::string& digest);

  private:
    Result<void> make_room();
    Result<void> forget_oldest(const std::vector<std::string>& keys);

    Storage& storage_;
    const std::size_t max_records_;

    std::mutex mutex_;                    // a strike reads, and then writes
    std::optional<std::size_t> records_;  // by mutex_: about how many there are, once they were counted
};

}  // namespace thumbgate
