// thumbgated as a whole: its parts, how they know each other, and their lives from the start to a signal.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/config.hpp"
#include "backend/http/frontend.hpp"
#include "backend/http/server.hpp"
#include "backend/log.hpp"
#include "backend/metrics.hpp"
#include "backend/photos/link_api.hpp"
#include "backend/photos/originals.hpp"
#include "backend/photos/photo_api.hpp"
#include "backend/photos/photo_info.hpp"
#include "backend/photos/pictures.hpp"
#include "backend/photos/quarantine_api.hpp"
#include "backend/photos/quarantined_pool.hpp"
#include "backend/photos/readiness.hpp"
#include "backend/photos/retention.hpp"
#include "backend/photos/share_api.hpp"
#include "backend/photos/thumbnails.hpp"
#include "backend/photos/upkeep.hpp"
#include "backend/service_manager.hpp"
#include "backend/sessions/key_api.hpp"
#include "backend/sessions/session_api.hpp"
#include "backend/storage/disk_watch.hpp"
#include "backend/storage/file_store.hpp"
#include "backend/units.hpp"
#include "contract/secret.hpp"

namespace thumbgate {

// What has to be there before anything can be served; each can fail.
struct Foundations {
    ServiceManager manager;
    Log log;
    SharedSecret secret;
    KeyRing keys;
    Listener listener;
    std::unique_ptr<FileStore> storage;
};

// The error names the option that is to blame.
std::expected<Foundations, std::string> lay_foundations(const Config& config);

// The parts and how they know each other. What a coroutine may still hold when the service ends comes before what runs
// coroutines; the members end in reverse order.
class Service {
  public:
    Service(Config config, Foundations foundations);

    // The error says what cannot be started.
    std::expected<void, std::string> start();
    void run() { io_.run(); }
    // After run(). False: the storage hangs, and this object cannot be destroyed.
    bool let_go_of_storage();

  private:
    std::expected<void, std::string> start_converters();
    std::vector<Route> routes();
    void watch(const Error& error);
    void on_expired(const std::string& photo, bool is_finished);
    boost::asio::awaitable<void> wait_for_signals();
    boost::asio::awaitable<void> tell_when_ready();
    boost::asio::awaitable<void> drain();
    void reread_keys();
    boost::asio::awaitable<Result<Response>> show_metrics(Request& request);

    Config config_;
    ServiceManager manager_;
    Log log_;
    SharedSecret secret_;
    std::optional<Listener> listener_;  // until the server takes it
    std::unique_ptr<FileStore> storage_;
    ResultStore results_;
    PhotoStore photos_;
    LinkStore links_;
    UsageIndex usage_;
    UploadMarks upload_marks_;
    Quarantine quarantine_;
    DiskWatch disk_;
    Metrics metrics_;
    PoolReports reports_;
    QuarantineReports quarantine_reports_;
    boost::asio::io_context io_{1};
    StorageThreads threads_;
    boost::asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
    std::unique_ptr<ConverterPool> pool_;
    RedisClient redis_;
    SessionStore session_store_;
    Owners owners_;
    ControlFeed feed_;
    Purges purges_;
    RemovalSchedule removals_;
    Revocations revocations_;
    LinkCounts link_counts_;
    Sessions sessions_;
    ApiKeys api_keys_;
    KeyUses key_uses_;
    Callers callers_;
    Quotas quotas_;
    Retention retention_;
    Upkeep upkeep_;
    PhotoUrls urls_;
    SessionApi session_api_;
    KeyApi key_api_;
    LinkApi link_api_;
    Originals originals_;
    ShareApi share_api_;
    QuarantineApi quarantine_api_;
    std::optional<Intake> intake_;
    std::optional<PhotoApi> photo_api_;
    std::optional<Pictures> pictures_;
    PhotoInfo photo_info_;
    std::unique_ptr<Fallback> fallback_;  // null: there is none
    std::optional<Thumbnails> thumbnails_;
    std::unique_ptr<Readiness> readiness_;
    std::optional<Frontend> frontend_;
    std::optional<Server> server_;
    bool draining_ = false;
};

}  // namespace thumbgate
