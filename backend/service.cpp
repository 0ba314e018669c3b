#include "backend/service.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/object.hpp>
#include <csignal>
#include <future>
#include <utility>

#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds kReadyPause(1);  // between two looks at whether a conversion works
constexpr std::chrono::seconds kLastCalls(2);   // that the storage gets once the drain is over

std::expected<Listener, std::string> listen(ServiceManager& manager, const SocketAddress& address) {
    UniqueFd passed = manager.take_socket();
    return passed ? Listener::adopt(std::move(passed), address) : Listener::open(address);
}

void log_redis(Log& log, Metrics& metrics, bool up, std::string_view reason) {
    metrics.set_redis_up(up);
    if (up) return log.info("redis answers");
    log.error("redis does not answer", {{"detail", reason}});
}

// Another process may still be at what it began before.
std::chrono::seconds grace_of(const StorageThreadsConfig& storage) {
    return std::chrono::ceil<std::chrono::seconds>(storage.timeout);
}

}  // namespace

std::expected<Foundations, std::string> lay_foundations(const Config& config) {
    auto manager = ServiceManager::from_environment();
    if (!manager) return std::unexpected(manager.error());
    auto secret = SharedSecret::read_file(config.secret);
    if (!secret) return std::unexpected("--secret: " + secret.error());
    auto keys = KeyRing::read_file(config.keys);
    if (!keys) return std::unexpected("--keys: " + keys.error());
    auto log = Log::open(config.log);
    if (!log) return std::unexpected("--log: " + log.error());
    auto listener = listen(*manager, config.listen);
    if (!listener) return std::unexpected("--listen: " + listener.error());
    auto storage = FileStore::make(config.photos);
    if (!storage) return std::unexpected("--photos: " + storage.error());
    const auto results = ResultStore::make_folder(config.results);
    if (!results) return std::unexpected("--results: " + results.error());
    return Foundations{std::move(*manager), std::move(*log),      std::move(*secret),
                       std::move(*keys),    std::move(*listener), std::move(*storage)};
}

Service::Service(Config config, Foundations foundations)
    : config_(std::move(config)),
      manager_(std::move(foundations.manager)),
      log_(std::move(foundations.log)),
      secret_(foundations.secret),
      listener_(std::move(foundations.listener)),
      storage_(std::move(foundations.storage)),
      results_(config_.results),
      photos_(*storage_, &results_),
      links_(*storage_),
      usage_(photos_),
      upload_marks_(*storage_, photos_),
      quarantine_(*storage_),
      disk_(config_.photos, results_, config_.disk),
      metrics_(THUMBGATE_VERSION, config_.pool.converters, config_.pool.slow_converters),
      reports_(metrics_, log_),
      quarantine_reports_(metrics_, log_),
      threads_(config_.storage),
      redis_(io_.get_executor(), config_.redis,
             [this](bool up, std::string_view reason) { log_redis(log_, metrics_, up, reason); }),
      session_store_(redis_),
      owners_(*storage_, threads_),
      feed_(redis_),
      purges_(feed_, photos_, threads_,
              [this](const std::string& photo, std::string_view reason) {
                  log_.error("a purge waits to be announced", {{"photo", photo}, {"detail", reason}});
              }),
      removals_(photos_, purges_, threads_, UndoTimes{config_.undo, grace_of(config_.storage)},
                [this](const std::string& photo, std::string_view reason) {
                    log_.error("the files of a deleted photo stay", {{"photo", photo}, {"detail", reason}});
                }),
      revocations_(feed_, links_, threads_,
                   [this](const std::string& link, std::string_view reason) {
                       log_.error("a revocation waits to be announced", {{"link", link}, {"detail", reason}});
                   }),
      link_counts_(redis_),
      sessions_(session_store_, feed_, secret_.cookie, config_.sessions),
      api_keys_(*storage_),
      key_uses_(redis_),
      callers_(sessions_, api_keys_, key_uses_, threads_),
      quotas_(usage_, threads_, redis_, config_.quota),
      retention_(photos_, purges_, threads_, config_.retention,
                 [this](const std::string& photo, bool is_finished) { on_expired(photo, is_finished); }),
      upkeep_(upload_marks_, retention_, threads_,
              [this](std::string_view reason) { log_.error("what is old stays for now", {{"detail", reason}}); }),
      urls_(config_.urls, std::move(foundations.keys)),
      session_api_(
          sessions_, owners_,
          [this](Request& request, std::string owner) { return quotas_.describe(request, std::move(owner)); },
          config_.urls.public_url),
      key_api_({sessions_, owners_, api_keys_, key_uses_, threads_}),
      link_api_({callers_, photos_, links_, threads_, urls_, link_counts_, revocations_}),
      originals_(photos_, threads_, config_.originals),
      share_api_({*storage_, sessions_, photos_, links_, threads_, urls_, link_counts_, originals_}),
      quarantine_api_(quarantine_, threads_),
      photo_info_(photos_, threads_) {
    signals_.add(SIGUSR1);
}

// With a watermark only when one of them can decode it: else the pictures that it is put on would be blamed.
std::expected<void, std::string> Service::start_converters() {
    if (!config_.watermark.picture.empty()) {
        auto watermark = WatermarkPicture::read(config_.watermark);
        if (!watermark) return std::unexpected("--watermark: " + watermark.error());
        config_.pool.watermark = std::move(*watermark);
    }
    auto pool = ConverterPool::start(io_.get_executor(), config_.pool, reports_);
    if (!pool) return std::unexpected("--converter: " + pool.error().message + " " + pool.error().detail);
    pool_ = std::make_unique<QuarantinedPool>(std::move(*pool), quarantine_, threads_, quarantine_reports_);
    if (!config_.pool.watermark) return {};
    auto looked = asio::co_spawn(io_, pool_->inspect(config_.pool.watermark->picture().open(), {}), asio::use_future);
    while (looked.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io_.run_one();
    const auto facts = looked.get();
    if (facts) return {};
    return std::unexpected("--watermark: " + config_.watermark.picture.string() + ": " + facts.error().message);
}

std::expected<void, std::string> Service::start() {
    const auto removals = photos_.finish_removals(removals_.finished_before(unix_seconds()));
    if (!removals) return std::unexpected("--photos: " + removals.error().detail);
    const auto revocations = links_.revocations(unix_seconds());
    if (!revocations) return std::unexpected("--photos: " + revocations.error().detail);
    if (auto started = start_converters(); !started) return started;
    auto readiness = Readiness::make(io_.get_executor(), *pool_);
    if (!readiness) return std::unexpected(readiness.error());
    readiness_ = std::move(*readiness);
    purges_.add(removals->photos);
    for (const auto& [photo, until] : removals->restorable) removals_.add(photo, until);
    revocations_.add(*revocations);
    const IntakeParts intake_parts{*storage_, photos_, threads_,      *pool_, sessions_,
                                   owners_,   quotas_, upload_marks_, disk_};
    intake_.emplace(intake_parts, config_.uploads.one);
    const PhotoParts parts{photos_, threads_, callers_, urls_, metrics_, purges_, *intake_, removals_, originals_};
    photo_api_.emplace(parts, config_.uploads);
    const auto log_not_stored = [this](const Error& error) {
        log_.error("a converted picture cannot be stored", {{"detail", error.detail}});
    };
    pictures_.emplace(PictureParts{io_.get_executor(), photos_, results_, threads_, *pool_, log_not_stored,
                                   config_.pool.watermark.get()});
    if (!config_.fallback.picture.empty()) {
        auto fallback = Fallback::open(io_.get_executor(), *pool_, config_.fallback);
        if (!fallback) return std::unexpected("--fallback-image: " + fallback.error());
        fallback_ = std::move(*fallback);
    }
    thumbnails_.emplace(*pictures_, photo_info_, config_.interim_max_age, fallback_.get());
    frontend_.emplace(Gate(secret_.service), Router(routes()), metrics_, log_, config_.request_timeout,
                      config_.urls.public_url);
    server_.emplace(
        io_.get_executor(), std::move(*listener_), config_.server,
        [this](Request& request) { return frontend_->respond(request); }, [this](const Error& error) { watch(error); });
    listener_.reset();
    redis_.start();
    disk_.start();
    server_->start();
    asio::co_spawn(io_, wait_for_signals(), asio::detached);
    asio::co_spawn(io_, purges_.keep_announcing(), asio::detached);
    asio::co_spawn(io_, removals_.keep_finishing(), asio::detached);
    asio::co_spawn(io_, revocations_.keep_announcing(), asio::detached);
    asio::co_spawn(io_, upkeep_.keep_sweeping(), asio::detached);
    asio::co_spawn(io_, manager_.keep_alive(), asio::detached);
    asio::co_spawn(io_, tell_when_ready(), asio::detached);
    log_.info("started",
              {{"version", THUMBGATE_VERSION},
               {"listen", to_string(config_.listen)},
               {"converters", config_.pool.converters},
               {"slow_converters", config_.pool.slow_converters},
               {"removals_finished", removals->photos.size() - removals->unfinished - removals->restorable.size()},
               {"removals_unfinished", removals->unfinished}});
    return {};
}

std::vector<Route> Service::routes() {
    std::vector<Route> all{
        {"GET", "/metrics/backend", RouteKind::internal, [this](Request& request) { return show_metrics(request); }}};
    for (auto routes : {thumbnails_->routes(), photo_api_->routes(), link_api_.routes(), share_api_.routes(),
                        session_api_.routes(), key_api_.routes(), quarantine_api_.routes(), readiness_->routes()}) {
        all.insert(all.end(), routes.begin(), routes.end());
    }
    all.push_back(table_route(all));
    return all;
}

asio::awaitable<Result<Response>> Service::show_metrics(Request& /*request*/) {
    metrics_.set_connections(server_->connections());
    for (const Access access : {Access::read, Access::write}) {
        metrics_.set_storage_tasks(access == Access::read ? "read" : "write", threads_.counts(access));
    }
    metrics_.set_results(results_.counts());
    metrics_.set_interims(thumbnails_->interims());
    metrics_.set_fallbacks(fallback_ ? fallback_->given() : 0);
    metrics_.set_disk_free("photos", disk_.photos_free());
    metrics_.set_disk_free("results", disk_.results_free());
    Response response;
    response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = metrics_.text();
    co_return response;
}

// What has no request's line of the log: refused before there was one, or cut off when that line was written.
void Service::watch(const Error& error) {
    metrics_.on_error(error.code);
    if (error.status >= 500) log_.error("an answer was cut off", {{"error", error.code}, {"detail", error.detail}});
}

void Service::on_expired(const std::string& photo, bool is_finished) {
    metrics_.on_expired();
    if (!is_finished) removals_.add(photo, 0);
    log_.info("a photo was removed for its age", {{"photo", photo}, {"files_left", !is_finished}});
}

asio::awaitable<void> Service::wait_for_signals() {
    for (;;) {
        const int signal = co_await signals_.async_wait(asio::use_awaitable);
        if (signal == SIGHUP) {
            reread_keys();
        } else if (signal == SIGUSR1) {
            log_.reopen();
        } else if (draining_) {
            io_.stop();  // asked twice
        } else {
            draining_ = true;
            log_.info("stopping", {{"connections", server_->connections()}});
            asio::co_spawn(io_, drain(), asio::detached);
        }
    }
}

// Requests are answered before this, as far as they can be.
asio::awaitable<void> Service::tell_when_ready() {
    asio::steady_timer pause(io_);
    while (!draining_) {
        const auto problem = co_await readiness_->find_problem();
        if (draining_) co_return;
        if (!problem) co_return manager_.ready("Serving.");
        manager_.status("No conversion works: " + problem->detail);
        pause.expires_after(kReadyPause);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> Service::drain() {
    manager_.stopping("Finishing what is under way.");
    co_await server_->drain(config_.drain);
    pool_->stop();
    redis_.stop();
    disk_.stop();
    log_.info("stopped", {{"connections_cut", server_->connections()}});
    io_.stop();
}

bool Service::let_go_of_storage() {
    auto last = [&storage = *storage_] { storage.remove_temp_folder(); };
    if (threads_.close(std::move(last), after(kLastCalls))) return true;
    log_.error("the storage hangs; what it was last asked to do is left to the kernel");
    return false;
}

void Service::reread_keys() {
    manager_.reloading();
    auto keys = KeyRing::read_file(config_.keys);
    if (!keys) {
        log_.error("the key file is refused; the keys read before stay", {{"detail", keys.error()}});
        return manager_.reloaded("Serving. The key file is refused; the keys read before stay.");
    }
    urls_.set_keys(std::move(*keys));
    log_.info("the key file was read again");
    manager_.reloaded("Serving.");
}

}  // namespace thumbgate
