// API keys in the storage: what a server asks with, for the owner who made the key.
//
//     api_keys/<hash>                            ApiKeyRecord; a key counts if and only if this is there
//     owner_api_keys/<owner>/<created s>-<hash>  marks whose it is, and orders a listing; written first
//
// The hash is SHA-256 of the whole key, in hex. A key is 256 random bits, so that its hash needs neither salt nor
// stretching, and looking for the hash says nothing about other keys. The key itself is known to who made it alone.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "backend/error.hpp"
#include "backend/storage/storage.hpp"

namespace thumbgate {

inline constexpr std::size_t kMaxKeysOfOwner = 20;
inline constexpr std::size_t kMaxKeyName = 100;  // bytes

struct ApiKeyRecord {
    std::string id;  // public: names the key in listings and logs
    std::string owner;
    std::string name;
    std::uint64_t created = 0;  // unix seconds

    bool operator==(const ApiKeyRecord&) const = default;
};

// "tg_" and 32 random bytes in base64url without padding: 46 characters.
std::string new_api_key();

// nullopt: it is not spelt as any key is.
std::optional<std::string> api_key_hash(std::string_view key);

// Every call blocks and runs on a storage thread; any number of threads may call at once. Errors of all: those of the
// storage.
class ApiKeys {
  public:
    // `max_keys`: of one owner.
    explicit ApiKeys(Storage& storage, std::size_t max_keys = kMaxKeysOfOwner)
        : storage_(storage), max_keys_(max_keys) {}

    // When it returns the key counts, for good; when it is `given_up` before that, it does not. Error: 409 where its
    // owner has as many as there may be. Of several that are added at once none is above that.
    Result<void> add(const std::string& hash, const ApiKeyRecord& record, const std::stop_token& given_up = {});

    Result<std::optional<ApiKeyRecord>> find(const std::string& hash);

    // Oldest first.
    Result<std::vector<ApiKeyRecord>> list(const std::string& owner, std::uint64_t now);

    // When it returns the key counts no more. False: the owner has no key of that id.
    Result<bool> revoke(const std::string& owner, const std::string& id, std::uint64_t now);

    // Takes back what `add` did.
    Result<void> remove(const std::string& hash, const ApiKeyRecord& record);

  private:
    struct StoredKey {
        std::string hash;
        ApiKeyRecord record;
    };

    Result<void> check_limit(const ApiKeyRecord& record);
    Result<std::vector<StoredKey>> list_stored(const std::string& owner, std::uint64_t now);

    Storage& storage_;
    const std::size_t max_keys_;
};

}  // namespace thumbgate
