#include "backend/photos/photo_api.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <memory>
#include <utility>

#include "backend/http/json.hpp"
#include "backend/photos/owned_photo.hpp"
#include "backend/photos/photo_info.hpp"
#include "backend/units.hpp"
#include "contract/encoding.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::uint64_t kDefaultPage = 50;  // photos
constexpr std::uint64_t kMaxPage = 200;

// Counts an upload while it is under way.
class Slot {
  public:
    explicit Slot(std::shared_ptr<std::size_t> count) : count_(std::move(count)) { ++*count_; }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() { --*count_; }

  private:
    std::shared_ptr<std::size_t> count_;
};

json::object facts_json(const PhotoRecord& record) {
    json::object facts{{"id", record.id}, {"bytes", record.bytes}, {"created", record.created_ms / 1000}};
    const json::object info = describe(record);
    facts.insert(info.begin(), info.end());
    return facts;
}

Result<json::object> photo_json(const PhotoRecord& record, const PhotoUrls& urls, std::uint64_t now) {
    auto thumbnails = urls.thumbnails(record.id, now);
    if (!thumbnails) return std::unexpected(std::move(thumbnails.error()));
    json::object photo = facts_json(record);
    photo["thumbnails"] = std::move(*thumbnails);
    return photo;
}

// On a storage thread. Who asks twice is answered as the first time.
Result<PhotoRecord> restore_photo(PhotoStore& photos, const std::string& id, const std::string& owner,
                                  const std::stop_token& given_up) {
    auto restored = photos.restore(id, owner, unix_seconds(), given_up);
    if (restored && !*restored) restored = photos.find(id);
    if (!restored) return std::unexpected(std::move(restored.error()));
    if (*restored && (*restored)->owner == owner) return std::move(**restored);
    return fail(404, "no_such_photo", "There is no such photo, or it cannot be restored any more.");
}

Result<std::uint64_t> page_size(std::string_view query) {
    const auto text = query_parameter(query, "limit");
    if (!text) return kDefaultPage;
    const auto limit = parse_decimal(*text, kMaxPage);
    if (limit && *limit > 0) return *limit;
    return fail(400, "bad_limit", "\"limit\" is a number from 1 to " + std::to_string(kMaxPage) + ".");
}

}  // namespace

std::vector<Route> PhotoApi::routes() {
    const std::string_view all = "/api/photos";
    const std::string_view one = "/api/photos/{id}";
    return {
        {"POST", all, RouteKind::api, [this](Request& request) { return upload(request); }},
        {"GET", all, RouteKind::api, [this](Request& request) { return list(request); }},
        {"GET", one, RouteKind::api, [this](Request& request) { return show(request); }},
        {"GET", "/api/photos/{id}/original", RouteKind::api, [this](Request& request) { return original(request); }},
        {"DELETE", one, RouteKind::api, [this](Request& request) { return remove(request); }},
        {"POST", "/api/photos/{id}/restore", RouteKind::api, [this](Request& request) { return restore(request); }},
    };
}

PhotoApi::Answer PhotoApi::upload(Request& request) {
    if (*uploads_ >= limits_.max_at_once) {
        co_return fail_unavailable("busy", "Too many uploads at once; try again in a moment.");
    }
    const Slot slot(uploads_);
    auto caller = co_await parts_.callers.find_or_make(request);
    if (!caller) co_return std::unexpected(std::move(caller.error()));
    const auto taken = co_await parts_.intake.take(request, *caller);
    const std::string result = !taken ? taken.error().code : taken->is_repeated ? "repeated" : "stored";
    parts_.metrics.on_upload(result, taken && !taken->is_repeated ? taken->record.bytes : 0);
    if (!taken) co_return std::unexpected(taken.error());
    const auto body = photo_json(taken->record, parts_.urls, unix_seconds());
    if (!body) co_return std::unexpected(body.error());
    Response response = json_response(201, *body);
    response.set("Location", "/api/photos/" + taken->record.id);
    add_cookie(response, *caller);
    co_return response;
}

PhotoApi::Answer PhotoApi::list(Request& request) {
    if (query_parameter(request.query, "deleted") == "1") co_return co_await list_deleted(request);
    const auto limit = page_size(request.query);
    if (!limit) co_return std::unexpected(limit.error());
    const auto caller = co_await parts_.callers.require(request);
    if (!caller) co_return std::unexpected(caller.error());
    const std::string cursor = query_parameter(request.query, "cursor").value_or("");
    Result<PhotoPage> page;
    {
        const StageTimer timer(request.times.storage);
        auto work = [&photos = parts_.photos, owner = caller->owner, cursor, size = *limit] {
            return photos.list(owner, cursor, size);
        };
        page = co_await offload(parts_.threads, std::move(work), {.deadline = request.deadline});
    }
    if (!page) co_return std::unexpected(std::move(page.error()));
    const std::uint64_t now = unix_seconds();
    json::array photos;
    for (const PhotoRecord& record : page->photos) {
        auto photo = photo_json(record, parts_.urls, now);
        if (!photo) co_return std::unexpected(std::move(photo.error()));
        photos.push_back(std::move(*photo));
    }
    json::object body;
    body["photos"] = std::move(photos);
    if (!page->next.empty()) body["next"] = page->next;
    Response response = json_response(200, body);
    add_cookie(response, *caller);
    co_return response;
}

// They have no thumbnails: nobody is shown them.
PhotoApi::Answer PhotoApi::list_deleted(Request& request) {
    const auto limit = page_size(request.query);
    if (!limit) co_return std::unexpected(limit.error());
    const auto caller = co_await parts_.callers.require(request);
    if (!caller) co_return std::unexpected(caller.error());
    const StageTimer timer(request.times.storage);
    auto work = [&photos = parts_.photos, owner = caller->owner, size = *limit,
                 cursor = query_parameter(request.query, "cursor").value_or("")] {
        return photos.list_deleted(owner, cursor, size, unix_seconds());
    };
    auto page = co_await offload(parts_.threads, std::move(work), {.deadline = request.deadline});
    if (!page) co_return std::unexpected(std::move(page.error()));
    json::array photos;
    for (const Tombstone& tombstone : page->photos) {
        json::object photo = facts_json(tombstone.photo);
        photo["deleted_at"] = tombstone.deleted;
        photo["restorable_until"] = tombstone.restorable_until;
        photos.push_back(std::move(photo));
    }
    json::object body;
    body["photos"] = std::move(photos);
    if (!page->next.empty()) body["next"] = page->next;
    Response response = json_response(200, body);
    add_cookie(response, *caller);
    co_return response;
}

PhotoApi::Answer PhotoApi::show(Request& request) {
    const auto owned = co_await find_owned_photo(request, parts_.callers, parts_.photos, parts_.threads);
    if (!owned) co_return std::unexpected(owned.error());
    const auto body = photo_json(owned->record, parts_.urls, unix_seconds());
    if (!body) co_return std::unexpected(body.error());
    Response response = json_response(200, *body);
    add_cookie(response, owned->caller);
    co_return response;
}

PhotoApi::Answer PhotoApi::original(Request& request) {
    const auto owned = co_await find_owned_photo(request, parts_.callers, parts_.photos, parts_.threads);
    if (!owned) co_return std::unexpected(owned.error());
    const std::string& id = owned->record.id;
    auto response = co_await parts_.originals.send(request, id, "original-" + id);
    if (response) add_cookie(*response, owned->caller);
    co_return response;
}

PhotoApi::Answer PhotoApi::remove(Request& request) {
    const auto owned = co_await find_owned_photo(request, parts_.callers, parts_.photos, parts_.threads);
    if (!owned) co_return std::unexpected(owned.error());
    const StageTimer timer(request.times.storage);
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    const std::string id = owned->record.id;
    const std::uint64_t now = unix_seconds();
    const std::uint64_t until = parts_.removals.restorable_until(now);
    auto work = [&photos = parts_.photos, record = owned->record, now, until] {
        return photos.remove(record, now, until);
    };
    const auto executor = co_await asio::this_coro::executor;
    auto late = [parts = parts_, executor, id, until](const Result<bool>& done) {
        if (!done) return;
        asio::post(executor, [parts, id, until, has_files = until != 0 || !*done] {
            parts.purges.add({id});
            if (has_files) parts.removals.add(id, until);
        });
    };
    const auto removed = co_await offload(parts_.threads, std::move(work), terms, std::move(late));
    if (!removed) co_return std::unexpected(removed.error());
    if (until != 0 || !*removed) parts_.removals.add(id, until);
    co_await parts_.purges.announce(id);
    Response response;
    response.status = 204;
    if (!*removed) response.error = Error{204, "removal_unfinished", "", "files of " + id + " stay for now"};
    add_cookie(response, owned->caller);
    co_return response;
}

// Edges are told as of a removal: they may remember for some seconds that the photo was not there.
PhotoApi::Answer PhotoApi::restore(Request& request) {
    const auto caller = co_await parts_.callers.require(request);
    if (!caller) co_return std::unexpected(caller.error());
    const StageTimer timer(request.times.storage);
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    const std::string id = request.parameters.at(0);
    auto work = [&photos = parts_.photos, id, owner = caller->owner](const std::stop_token& given_up) {
        return restore_photo(photos, id, owner, given_up);
    };
    const auto executor = co_await asio::this_coro::executor;
    auto late = [&purges = parts_.purges, executor, id](const Result<PhotoRecord>& done) {
        if (done) asio::post(executor, [&purges, id] { purges.add({id}); });
    };
    const auto record = co_await offload(parts_.threads, std::move(work), terms, std::move(late));
    if (!record) co_return std::unexpected(record.error());
    co_await parts_.purges.announce(id);
    const auto body = photo_json(*record, parts_.urls, unix_seconds());
    if (!body) co_return std::unexpected(body.error());
    Response response = json_response(200, *body);
    add_cookie(response, *caller);
    co_return response;
}

}  // namespace thumbgate
