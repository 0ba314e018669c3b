#include "backend/photos/link_api.hpp"

#include <boost/json.hpp>
#include <utility>

#include "backend/http/json.hpp"
#include "backend/photos/link_request.hpp"
#include "backend/photos/owned_photo.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxBody = 16 * 1024;  // bytes
constexpr std::size_t kMaxLinks = 1000;      // of one photo that have not ended

Result<json::object> link_json(const LinkRecord& link, const PhotoUrls& urls, std::uint64_t now) {
    auto url = urls.sign(link.path, now);
    if (!url) return std::unexpected(std::move(url.error()));
    return json::object{{"id", link.id}, {"url", *url}, {"created", link.created}, {"expires", link.expires}};
}

// On a storage thread.
Result<void> add_within_limit(PhotoStore& photos, const LinkRecord& link, const std::stop_token& given_up) {
    const auto links = photos.links(link.photo, link.created);
    if (!links) return std::unexpected(links.error());
    if (links->size() >= kMaxLinks) {
        return fail(409, "too_many_links",
                    "This photo has " + std::to_string(kMaxLinks) + " links already; wait until some have ended.");
    }
    return photos.add_link(link, given_up);
}

}  // namespace

std::vector<Route> LinkApi::routes() {
    const std::string_view all = "/api/photos/{id}/links";
    return {
        {"POST", all, RouteKind::api, [this](Request& request) { return add(request); }},
        {"GET", all, RouteKind::api, [this](Request& request) { return list(request); }},
    };
}

asio::awaitable<Result<Response>> LinkApi::add(Request& request) {
    const auto owned = co_await find_owned_photo(request, sessions_, photos_, threads_);
    if (!owned) co_return std::unexpected(owned.error());
    const auto body = co_await read_body(*request.body, kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    const auto wanted = parse_link_request(*body);
    if (!wanted) co_return std::unexpected(wanted.error());
    LinkRecord link;
    link.id = new_id();
    link.photo = owned->record.id;
    link.created = unix_seconds();
    link.expires = link.created + static_cast<std::uint64_t>(wanted->expires_in.count());
    link.path = link_path(*wanted, link.photo, link.expires);
    const auto answer = link_json(link, urls_, link.created);
    if (!answer) co_return std::unexpected(answer.error());
    const StageTimer timer(request.times.storage);
    auto work = [&photos = photos_, link](const std::stop_token& given_up) {
        return add_within_limit(photos, link, given_up);
    };
    const auto added =
        co_await offload(threads_, std::move(work), {.access = Access::write, .deadline = request.deadline});
    if (!added) co_return std::unexpected(added.error());
    Response response = json_response(201, *answer);
    add_cookie(response, owned->session);
    co_return response;
}

asio::awaitable<Result<Response>> LinkApi::list(Request& request) {
    const auto owned = co_await find_owned_photo(request, sessions_, photos_, threads_);
    if (!owned) co_return std::unexpected(owned.error());
    const std::uint64_t now = unix_seconds();
    Result<std::vector<LinkRecord>> links;
    {
        const StageTimer timer(request.times.storage);
        // Links that have ended are removed on this occasion.
        const CallTerms terms{.access = Access::write, .deadline = request.deadline};
        auto work = [&photos = photos_, id = owned->record.id, now] { return photos.links(id, now); };
        links = co_await offload(threads_, std::move(work), terms);
    }
    if (!links) co_return std::unexpected(std::move(links.error()));
    json::array list;
    for (const LinkRecord& link : *links) {
        auto item = link_json(link, urls_, now);
        if (!item) co_return std::unexpected(std::move(item.error()));
        list.push_back(std::move(*item));
    }
    json::object body;
    body["links"] = std::move(list);
    Response response = json_response(200, body);
    add_cookie(response, owned->session);
    co_return response;
}

}  // namespace thumbgate
