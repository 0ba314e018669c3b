#include "backend/photos/share_api.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "backend/http/html.hpp"
#include "backend/photos/owned_photo.hpp"
#include "backend/photos/share_page.hpp"
#include "backend/units.hpp"
#include "contract/encoding.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxReportBody = 16 * 1024;  // bytes, with its escapes
constexpr std::size_t kMaxReportText = 4000;       // bytes; the form takes 1000 characters
constexpr std::size_t kMaxReports = 20;            // of one link that are kept

std::unexpected<Error> nothing_here() {
    return fail(404, "no_such_page",
                "There is nothing to see. The address may be incomplete, or what it showed is no longer shared.");
}

std::unexpected<Error> expired() {
    return fail(410, "link_expired", "This link has expired. Who shared it with you can give you another one.");
}

// An id as a person may have pasted it, with the punctuation of a sentence behind it.
std::string pasted_id(const std::string& segment) {
    std::string id = percent_decode(segment).value_or("");
    while (!id.empty() && std::string_view(".,;:!?)]}>\"'*_").contains(id.back())) id.pop_back();
    return id;
}

std::string reports_prefix(const std::string& link) {
    return "reports/" + link + "/";
}

// On a storage thread.
Result<void> keep_report(Storage& storage, const std::string& link, const std::string& report) {
    const auto kept = storage.list(reports_prefix(link));
    if (!kept) return std::unexpected(kept.error());
    if (kept->size() >= kMaxReports) return {};
    return storage.put(reports_prefix(link) + new_id(), report);
}

}  // namespace

std::vector<Route> ShareApi::routes() {
    return {
        {"GET", "/s/{id}", RouteKind::api, [this](Request& request) { return show(request); }},
        {"GET", "/s/{id}/original/{photo}", RouteKind::api, [this](Request& request) { return original(request); }},
        {"POST", "/s/{id}/report", RouteKind::api, [this](Request& request) { return report(request); }},
    };
}

asio::awaitable<Result<Response>> ShareApi::show(Request& request) {
    auto page = co_await make_page(request);
    if (!page) co_return problem_page(std::move(page.error()));
    co_return page;
}

asio::awaitable<Result<Response>> ShareApi::report(Request& request) {
    auto page = co_await take_report(request);
    if (!page) co_return problem_page(std::move(page.error()));
    co_return page;
}

asio::awaitable<Result<Response>> ShareApi::original(Request& request) {
    auto file = co_await send_original(request);
    if (!file) co_return problem_page(std::move(file.error()));
    co_return file;
}

asio::awaitable<Result<ShareApi::Shared>> ShareApi::find(Request& request) {
    const StageTimer timer(request.times.storage);
    auto work = [parts = parts_, id = pasted_id(request.parameters.at(0))]() -> Result<Shared> {
        auto link = parts.links.find(id);
        if (!link) return std::unexpected(std::move(link.error()));
        if (!*link) return nothing_here();
        Shared shared{std::move(**link), {}};
        for (const std::string& photo : shared.link.photos) {
            auto record = parts.photos.find(photo);
            if (!record) return std::unexpected(std::move(record.error()));
            if (*record) shared.photos.push_back(std::move(**record));
        }
        return shared;
    };
    co_return co_await offload(parts_.threads, std::move(work), {.deadline = request.deadline});
}

// A page that anybody may see does not fail with the session store.
asio::awaitable<Result<bool>> ShareApi::admit(Request& request, const LinkRecord& link) {
    if (!link.session.empty() && request.identity.session != link.session) co_return nothing_here();
    if (request.identity.session.empty()) co_return false;
    const auto session = co_await parts_.sessions.find(request);
    if (session && *session) co_return (*session)->record.owner == link.owner;
    if (link.session.empty()) co_return false;
    if (!session) co_return std::unexpected(session.error());
    co_return nothing_here();
}

asio::awaitable<Result<Response>> ShareApi::make_page(Request& request) {
    const auto shared = co_await find(request);
    if (!shared) co_return std::unexpected(shared.error());
    const auto is_owner = co_await admit(request, shared->link);
    if (!is_owner) co_return std::unexpected(is_owner.error());
    const std::uint64_t now = unix_seconds();
    if (shared->link.expires < now) co_return expired();
    if (shared->photos.empty()) co_return nothing_here();
    const auto page = share_page(shared->link, shared->photos, parts_.urls, now);
    if (!page) co_return std::unexpected(page.error());
    if (request.method == "GET" && !*is_owner) co_await parts_.counts.add(shared->link.id, shared->link.expires);
    co_return html_response(200, *page);
}

// The record is asked each time: a link that is revoked gives nothing from then on.
asio::awaitable<Result<Response>> ShareApi::send_original(Request& request) {
    Result<std::optional<LinkRecord>> link;
    {
        const StageTimer timer(request.times.storage);
        auto work = [&links = parts_.links, id = pasted_id(request.parameters.at(0))] { return links.find(id); };
        link = co_await offload(parts_.threads, std::move(work), {.deadline = request.deadline});
    }
    if (!link) co_return std::unexpected(std::move(link.error()));
    if (!*link) co_return nothing_here();
    const auto is_owner = co_await admit(request, **link);
    if (!is_owner) co_return std::unexpected(is_owner.error());
    if ((*link)->expires < unix_seconds()) co_return expired();
    const auto& photos = (*link)->photos;
    const auto place = std::ranges::find(photos, request.parameters.at(1));
    if (!(*link)->original || place == photos.end()) co_return nothing_here();
    std::string name = "original-" + std::to_string(place - photos.begin() + 1);
    auto file = co_await parts_.originals.send(request, *place, std::move(name));
    if (!file && file.error().status == 404) co_return nothing_here();
    co_return file;
}

asio::awaitable<Result<Response>> ShareApi::take_report(Request& request) {
    const auto shared = co_await find(request);
    if (!shared) co_return std::unexpected(shared.error());
    const auto is_owner = co_await admit(request, shared->link);
    if (!is_owner) co_return std::unexpected(is_owner.error());
    auto body = co_await read_body(*request.body, kMaxReportBody);
    if (!body) co_return std::unexpected(std::move(body.error()));
    std::ranges::replace(*body, '+', ' ');
    const std::string reason = query_parameter(*body, "reason").value_or("");
    const std::string text = query_parameter(*body, "text").value_or("");
    if (!is_report_reason(reason) || text.size() > kMaxReportText || !is_utf8(text)) {
        co_return fail(400, "bad_report", "A report needs one of the reasons, and a text of 1000 characters at most.");
    }
    const std::string& link = shared->link.id;
    const std::string report =
        json::serialize(json::object{{"link", link}, {"reason", reason}, {"text", text}, {"created", unix_seconds()}});
    const StageTimer timer(request.times.storage);
    auto work = [&storage = parts_.storage, link, report] { return keep_report(storage, link, report); };
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    const auto kept = co_await offload(parts_.threads, std::move(work), terms);
    if (!kept) co_return std::unexpected(kept.error());
    Response response = html_response(
        200, {"Thank you", "", "<h1>Thank you</h1>\n<p>Your report was received, and will be looked at.</p>\n"});
    response.error = Error{200, "link_reported", "", "link " + link + " was reported: " + reason};
    co_return response;
}

}  // namespace thumbgate
