#include "backend/photos/link_api.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <utility>

#include "backend/http/json.hpp"
#include "backend/photos/owned_photo.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxBody = 32 * 1024;  // bytes; an album of as many photos as it may have takes half of it

// A link, and the first of its photos that is still there.
struct ListedLink {
    LinkRecord record;
    std::string cover;
};

Result<json::object> link_json(const ListedLink& link, const PhotoUrls& urls, std::uint64_t opened, std::uint64_t now) {
    const LinkRecord& record = link.record;
    auto url = urls.sign(link_path(record, link.cover), now);
    if (!url) return std::unexpected(std::move(url.error()));
    const auto thumbnails = urls.thumbnails(link.cover, now);
    if (!thumbnails) return std::unexpected(thumbnails.error());
    return json::object{{"id", record.id},
                        {"url", *url},
                        {"page", urls.public_url() + "/s/" + record.id},
                        {"name", record.name},
                        {"created", record.created},
                        {"expires", record.expires},
                        {"photos", record.photos.size()},
                        {"bound", !record.session.empty()},
                        {"original", record.original},
                        {"opened", opened},
                        {"thumbnail", thumbnails->empty() ? json::value() : thumbnails->begin()->value()}};
}

// On a storage thread.
Result<void> check_photos(PhotoStore& photos, const std::string& owner, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
        const auto record = photos.find(id);
        if (!record) return std::unexpected(record.error());
        if (!*record || (*record)->owner != owner) return fail(404, "no_such_photo", "There is no such photo.");
    }
    return {};
}

// On a storage thread. Without those all of whose photos are gone.
Result<std::vector<ListedLink>> find_links(const LinkParts& parts, const std::string& owner, const std::string& photo) {
    auto records = parts.links.list(owner, unix_seconds());
    if (!records) return std::unexpected(std::move(records.error()));
    std::vector<ListedLink> listed;
    for (LinkRecord& record : *records) {
        if (!photo.empty() && std::ranges::find(record.photos, photo) == record.photos.end()) continue;
        for (const std::string& id : record.photos) {
            const auto there = parts.photos.exists(id);
            if (!there) return std::unexpected(there.error());
            if (!*there) continue;
            std::string cover = id;
            listed.push_back({std::move(record), std::move(cover)});
            break;
        }
    }
    return listed;
}

LinkRecord make_record(const Caller& caller, LinkRequest wanted) {
    LinkRecord link;
    link.id = new_id();
    link.owner = caller.owner;
    link.photos = std::move(wanted.photos);
    link.name = std::move(wanted.name);
    link.created = unix_seconds();
    link.expires = link.created + static_cast<std::uint64_t>(wanted.expires_in.count());
    link.options = std::move(wanted.options);
    if (wanted.is_bound && caller.session) link.session = caller.session->hash;
    link.original = wanted.has_original;
    return link;
}

}  // namespace

std::vector<Route> LinkApi::routes() {
    const std::string_view of_photo = "/api/photos/{id}/links";
    const std::string_view all = "/api/links";
    return {
        {"POST", of_photo, RouteKind::api, [this](Request& request) { return add_to_photo(request); }},
        {"GET", of_photo, RouteKind::api, [this](Request& request) { return list_of_photo(request); }},
        {"POST", all, RouteKind::api, [this](Request& request) { return add_album(request); }},
        {"GET", all, RouteKind::api, [this](Request& request) { return list(request); }},
        {"DELETE", "/api/links/{id}", RouteKind::api, [this](Request& request) { return revoke(request); }},
    };
}

LinkApi::Answer LinkApi::add_to_photo(Request& request) {
    const auto owned = co_await find_owned_photo(request, parts_.callers, parts_.photos, parts_.threads);
    if (!owned) co_return std::unexpected(owned.error());
    const auto body = co_await read_body(*request.body, kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    auto wanted = parse_link_request(*body, LinkScope::photo);
    if (!wanted) co_return std::unexpected(wanted.error());
    wanted->photos.push_back(owned->record.id);
    co_return co_await add(request, owned->caller, std::move(*wanted));
}

LinkApi::Answer LinkApi::add_album(Request& request) {
    const auto caller = co_await parts_.callers.require(request);
    if (!caller) co_return std::unexpected(caller.error());
    const auto body = co_await read_body(*request.body, kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    auto wanted = parse_link_request(*body, LinkScope::album);
    if (!wanted) co_return std::unexpected(wanted.error());
    co_return co_await add(request, *caller, std::move(*wanted));
}

LinkApi::Answer LinkApi::add(Request& request, const Caller& caller, LinkRequest wanted) {
    if (wanted.is_bound && caller.is_server()) co_return std::unexpected(session_needed());
    ListedLink link{make_record(caller, std::move(wanted)), {}};
    link.cover = link.record.photos.front();
    const auto answer = link_json(link, parts_.urls, 0, link.record.created);
    if (!answer) co_return std::unexpected(answer.error());
    const StageTimer timer(request.times.storage);
    auto work = [parts = parts_, record = link.record](const std::stop_token& given_up) -> Result<void> {
        if (auto owned = check_photos(parts.photos, record.owner, record.photos); !owned) return owned;
        return parts.links.add(record, given_up);
    };
    // A link that nobody was told of.
    auto late = [parts = parts_, record = link.record](const Result<void>& added) {
        if (added) (void)parts.links.revoke(record);
    };
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    const auto added = co_await offload(parts_.threads, std::move(work), terms, std::move(late));
    if (!added) co_return std::unexpected(added.error());
    Response response = json_response(201, *answer);
    add_cookie(response, caller);
    co_return response;
}

LinkApi::Answer LinkApi::list_of_photo(Request& request) {
    const auto owned = co_await find_owned_photo(request, parts_.callers, parts_.photos, parts_.threads);
    if (!owned) co_return std::unexpected(owned.error());
    co_return co_await answer_list(request, owned->caller, owned->record.id);
}

LinkApi::Answer LinkApi::list(Request& request) {
    const auto caller = co_await parts_.callers.require(request);
    if (!caller) co_return std::unexpected(caller.error());
    co_return co_await answer_list(request, *caller, std::string());
}

LinkApi::Answer LinkApi::answer_list(Request& request, const Caller& caller, std::string photo) {
    Result<std::vector<ListedLink>> links;
    {
        const StageTimer timer(request.times.storage);
        // Links that have long ended are removed on this occasion.
        const CallTerms terms{.access = Access::write, .deadline = request.deadline};
        auto work = [parts = parts_, owner = caller.owner, photo] { return find_links(parts, owner, photo); };
        links = co_await offload(parts_.threads, std::move(work), terms);
    }
    if (!links) co_return std::unexpected(std::move(links.error()));
    std::vector<std::string> ids;
    for (const ListedLink& link : *links) ids.push_back(link.record.id);
    const auto opened = co_await parts_.counts.find(std::move(ids));
    const std::uint64_t now = unix_seconds();
    json::array list;
    for (std::size_t i = 0; i < links->size(); ++i) {
        auto item = link_json((*links)[i], parts_.urls, opened[i], now);
        if (!item) co_return std::unexpected(std::move(item.error()));
        list.push_back(std::move(*item));
    }
    json::object body;
    body["links"] = std::move(list);
    Response response = json_response(200, body);
    add_cookie(response, caller);
    co_return response;
}

LinkApi::Answer LinkApi::revoke(Request& request) {
    const auto caller = co_await parts_.callers.require(request);
    if (!caller) co_return std::unexpected(caller.error());
    const StageTimer timer(request.times.storage);
    auto work = [parts = parts_, owner = caller->owner, id = request.parameters.at(0)]() -> Result<Revocation> {
        const auto link = parts.links.find(id);
        if (!link) return std::unexpected(link.error());
        if (!*link || (*link)->owner != owner) return fail(404, "no_such_link", "There is no such link.");
        if (auto revoked = parts.links.revoke(**link); !revoked) return std::unexpected(std::move(revoked.error()));
        return Revocation{(*link)->id, (*link)->expires};
    };
    const auto executor = co_await asio::this_coro::executor;
    auto late = [&revocations = parts_.revocations, executor](const Result<Revocation>& done) {
        if (done) asio::post(executor, [&revocations, revocation = *done] { revocations.add({revocation}); });
    };
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    auto revoked = co_await offload(parts_.threads, std::move(work), terms, std::move(late));
    if (!revoked) co_return std::unexpected(std::move(revoked.error()));
    co_await parts_.revocations.announce(std::move(*revoked));
    Response response;
    response.status = 204;
    add_cookie(response, *caller);
    co_return response;
}

}  // namespace thumbgate
