// Links in the storage:
//
//     shared_links/<id>                        LinkRecord; written last, so a link is there if and only if this is
//     owner_links/<owner>/<created s>-<id>     marks whose it is, and orders a listing
//     revoked_links/<id>                       LinkRecord of a link that was revoked: from here on it is not there.
//                                              It stays until the link would have ended, since Redis may forget
//
// A link does not keep its photos: one that is removed is simply missing from it.
//
// Every call blocks and runs on a storage thread; any number of threads may call at once. Ids that are not of the right
// form name nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backend/error.hpp"
#include "backend/photos/records.hpp"
#include "backend/storage/storage.hpp"

namespace thumbgate {

inline constexpr std::size_t kMaxLinksOfOwner = 2000;

// What edges have to know of a revoked link.
struct Revocation {
    std::string link;
    std::uint64_t expires = 0;  // unix seconds: when it would have ended by itself

    bool operator==(const Revocation&) const = default;
};

class LinkStore {
  public:
    // `max_links`: of one owner that have not ended.
    explicit LinkStore(Storage& storage, std::size_t max_links = kMaxLinksOfOwner)
        : storage_(storage), max_links_(max_links) {}

    // When it returns the link stays; when it is `given_up` before that, there is none. Error: 409 where its owner has
    // as many as there may be.
    Result<void> add(const LinkRecord& record, const std::stop_token& given_up = {});

    // One that has expired is found for a week more, for those who ask what became of it.
    Result<std::optional<LinkRecord>> find(const std::string& id);

    // Oldest first, without those that have expired. What expired a week ago is forgotten.
    Result<std::vector<LinkRecord>> list(const std::string& owner, std::uint64_t now);

    // After this the link is not there any more, for good. Edges have to be told.
    Result<void> revoke(const LinkRecord& record);

    // What was revoked and would not have ended by now. Finishes what `revoke` began before a crash.
    Result<std::vector<Revocation>> revocations(std::uint64_t now);

  private:
    Result<void> check_limit(const LinkRecord& record);
    Result<void> remove_files(const LinkRecord& record);

    Storage& storage_;
    const std::size_t max_links_;
};

}  // namespace thumbgate
