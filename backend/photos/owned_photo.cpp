#include "backend/photos/owned_photo.hpp"

#include <utility>

namespace thumbgate {

boost::asio::awaitable<Result<OwnedPhoto>> find_owned_photo(Request& request, Sessions& sessions, PhotoStore& photos,
                                                            StorageThreads& threads) {
    auto session = co_await sessions.require(request);
    if (!session) co_return std::unexpected(std::move(session.error()));
    const StageTimer timer(request.times.storage);
    auto work = [&photos, id = request.parameters.at(0)] { return photos.find(id); };
    auto record = co_await offload(threads, std::move(work), {.deadline = request.deadline});
    if (!record) co_return std::unexpected(std::move(record.error()));
    if (!*record || (*record)->owner != session->record.owner) {
        co_return fail(404, "no_such_photo", "There is no such photo.");
    }
    OwnedPhoto owned;
    owned.session = std::move(*session);
    owned.record = std::move(**record);
    co_return owned;
}

void add_cookie(Response& response, const Session& session) {
    if (session.set_cookie) response.set("Set-Cookie", *session.set_cookie);
}

}  // namespace thumbgate
