// What thumbgated is told: by flags, else by THUMBGATE_* in the environment, else by a TOML file, else by default.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "backend/conversion/pool.hpp"
#include "backend/http/address.hpp"
#include "backend/http/server.hpp"
#include "backend/photos/fallback.hpp"
#include "backend/photos/originals.hpp"
#include "backend/photos/photo_api.hpp"
#include "backend/photos/photo_urls.hpp"
#include "backend/sessions/redis_client.hpp"
#include "backend/sessions/sessions.hpp"
#include "backend/storage/disk_watch.hpp"
#include "backend/storage/result_store.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

struct Config {
    SocketAddress listen;
    std::string keys;    // the key file
    std::string secret;  // the file of the secret shared with the edge
    std::string photos;  // the storage's folder
    std::string log;     // empty: standard error
    StorageThreadsConfig storage;
    std::chrono::milliseconds request_timeout{10'000};  // where the edge names no deadline, or a later one
    DrainTimes drain;
    std::chrono::seconds interim_max_age{2};
    FallbackConfig fallback;
    WatermarkConfig watermark;
    ResultStoreConfig results;
    DiskLimits disk;
    RedisConfig redis;
    PoolConfig pool;
    ServerLimits server;
    UploadLimits uploads;
    OriginalLimits originals;
    std::chrono::seconds undo{600};     // for which a deleted photo can be restored
    std::chrono::seconds retention{0};  // after which a photo is removed; 0: never
    QuotaConfig quota;
    UrlConfig urls;
    SessionConfig sessions;
};

// The program is to end at once, with this text and exit status: for --help and --version, and for an error, whose text
// names the bad value and what to write instead.
struct EarlyExit {
    int status;
    std::string text;
};

// Reads the environment and, if one is named, the file; nothing else is touched.
std::expected<Config, EarlyExit> read_config(int argc, const char* const* argv);

}  // namespace thumbgate
