#include "backend/photos/quarantine_api.hpp"

#include <boost/json.hpp>
#include <utility>

#include "backend/http/json.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t kPage = 1000;  // records looked at

json::object picture_json(const QuarantineRecord& record) {
    return {{"digest", record.digest},   {"reason", record.reason}, {"source", record.source},
            {"strikes", record.strikes}, {"first", record.first},   {"last", record.last}};
}

}  // namespace

std::vector<Route> QuarantineApi::routes() {
    return {
        {"GET", "/quarantine", RouteKind::internal, [this](Request& request) { return list(request); }},
        {"DELETE", "/quarantine/{id}", RouteKind::internal, [this](Request& request) { return release(request); }},
    };
}

asio::awaitable<Result<Response>> QuarantineApi::list(Request& request) {
    const std::string after = query_parameter(request.query, "after").value_or("");
    if (!after.empty() && !is_digest(after)) co_return fail(400, "bad_digest", "\"after\" is no SHA-256 in hex.");
    auto work = [&quarantine = quarantine_, after] { return quarantine.list(after, kPage); };
    const auto page = co_await offload(threads_, std::move(work), {.deadline = request.deadline});
    if (!page) co_return std::unexpected(page.error());
    json::array pictures;
    for (const QuarantineRecord& record : page->pictures) pictures.push_back(picture_json(record));
    json::object body;
    body["pictures"] = std::move(pictures);
    if (!page->next.empty()) body["next"] = page->next;
    co_return json_response(200, body);
}

asio::awaitable<Result<Response>> QuarantineApi::release(Request& request) {
    auto work = [&quarantine = quarantine_, digest = request.parameters.at(0)] { return quarantine.release(digest); };
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    const auto released = co_await offload(threads_, std::move(work), terms);
    if (!released) co_return std::unexpected(released.error());
    if (!*released) co_return fail(404, "not_quarantined", "No picture with this digest is in quarantine.");
    Response response;
    response.status = 204;
    co_return response;
}

}  // namespace thumbgate
