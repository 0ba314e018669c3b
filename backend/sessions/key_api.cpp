#include "backend/sessions/key_api.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "backend/http/json.hpp"
#include "backend/sessions/callers.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t kMaxBody = 4 * 1024;  // bytes

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// Of {"name": "…"}.
Result<std::string> name_in(const std::string& body) {
    boost::system::error_code error;
    const json::value value = json::parse(body, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return fail(400, "malformed_json", "The body is not a JSON object.");
    const json::value* member = object->if_contains("name");
    std::string name;
    if (member != nullptr && member->is_string()) name = json::value_to<std::string>(*member);
    if (!name.empty() && name.size() <= kMaxKeyName && std::ranges::none_of(name, is_control)) {
        return name;
    }
    return fail(
        400, "bad_member",
        "\"name\" is what you know the key by, a text of one line, of 1 to " + std::to_string(kMaxKeyName) + " bytes.");
}

json::object key_json(const ApiKeyRecord& record) {
    return {{"id", record.id}, {"name", record.name}, {"created", record.created}};
}

}  // namespace

std::vector<Route> KeyApi::routes() {
    const std::string_view all = "/api/keys";
    return {
        {"POST", all, RouteKind::api, for_sessions_alone([this](Request& request) { return make(request); })},
        {"GET", all, RouteKind::api, for_sessions_alone([this](Request& request) { return list(request); })},
        {"DELETE", "/api/keys/{id}", RouteKind::api,
         for_sessions_alone([this](Request& request) { return revoke(request); })},
    };
}

asio::awaitable<Result<void>> KeyApi::check_owner(Request& request, std::string owner) {
    const StageTimer timer(request.times.storage);
    const auto kept = co_await parts_.owners.is_kept(std::move(owner), request.deadline);
    if (!kept) co_return std::unexpected(kept.error());
    if (*kept) co_return Result<void>();
    co_return fail(409, "nothing_kept", "There is nothing here yet that a key could be for; upload a photo first.");
}

KeyApi::Answer KeyApi::make(Request& request) {
    const auto session = co_await parts_.sessions.require(request);
    if (!session) co_return std::unexpected(session.error());
    const auto body = co_await read_body(*request.body, kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    auto name = name_in(*body);
    if (!name) co_return std::unexpected(std::move(name.error()));
    const auto kept = co_await check_owner(request, session->record.owner);
    if (!kept) co_return std::unexpected(kept.error());
    const std::string key = new_api_key();
    const std::string hash = *api_key_hash(key);
    const ApiKeyRecord record{new_id(), session->record.owner, std::move(*name), unix_seconds()};
    const StageTimer timer(request.times.storage);
    auto work = [&keys = parts_.keys, hash, record](const std::stop_token& given_up) {
        return keys.add(hash, record, given_up);
    };
    // A key that nobody was told of.
    auto late = [&keys = parts_.keys, hash, record](const Result<void>& added) {
        if (added) (void)keys.remove(hash, record);
    };
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    const auto added = co_await offload(parts_.threads, std::move(work), terms, std::move(late));
    if (!added) co_return std::unexpected(added.error());
    json::object answer = key_json(record);
    answer["key"] = key;
    Response response = json_response(201, answer);
    add_cookie(response, *session);
    co_return response;
}

KeyApi::Answer KeyApi::list(Request& request) {
    const auto session = co_await parts_.sessions.require(request);
    if (!session) co_return std::unexpected(session.error());
    Result<std::vector<ApiKeyRecord>> records;
    {
        const StageTimer timer(request.times.storage);
        // What a crash left behind is removed on this occasion.
        const CallTerms terms{.access = Access::write, .deadline = request.deadline};
        auto work = [&keys = parts_.keys, owner = session->record.owner] { return keys.list(owner, unix_seconds()); };
        records = co_await offload(parts_.threads, std::move(work), terms);
    }
    if (!records) co_return std::unexpected(std::move(records.error()));
    std::vector<std::string> ids;
    for (const ApiKeyRecord& record : *records) ids.push_back(record.id);
    const StageTimer timer(request.times.redis);
    const auto uses = co_await parts_.uses.find(std::move(ids));
    if (!uses) co_return std::unexpected(uses.error());
    json::array list;
    for (std::size_t i = 0; i < records->size(); ++i) {
        json::object item = key_json((*records)[i]);
        item["last_used"] = (*uses)[i] != 0 ? json::value((*uses)[i]) : json::value();
        list.push_back(std::move(item));
    }
    json::object body;
    body["keys"] = std::move(list);
    Response response = json_response(200, body);
    add_cookie(response, *session);
    co_return response;
}

KeyApi::Answer KeyApi::revoke(Request& request) {
    const auto session = co_await parts_.sessions.require(request);
    if (!session) co_return std::unexpected(session.error());
    const std::string id = request.parameters.at(0);
    Result<bool> revoked;
    {
        const StageTimer timer(request.times.storage);
        const CallTerms terms{.access = Access::write, .deadline = request.deadline};
        auto work = [&keys = parts_.keys, owner = session->record.owner, id] {
            return keys.revoke(owner, id, unix_seconds());
        };
        revoked = co_await offload(parts_.threads, std::move(work), terms);
    }
    if (!revoked) co_return std::unexpected(std::move(revoked.error()));
    if (!*revoked) co_return fail(404, "no_such_key", "There is no such key.");
    const StageTimer timer(request.times.redis);
    co_await parts_.uses.forget(id);
    Response response;
    response.status = 204;
    add_cookie(response, *session);
    co_return response;
}

}  // namespace thumbgate
