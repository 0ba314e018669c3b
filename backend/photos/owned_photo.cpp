#include "backend/photos/owned_photo.hpp"

#include <utility>

namespace thumbgate {

boost::asio::awaitable<Result<OwnedPhoto>> find_owned_photo(Request& request, Callers& callers, PhotoStore& photos,
                                                            StorageThreads& threads) {
    auto caller = co_await callers.require(request);
    if (!caller) co_return std::unexpected(std::move(caller.error()));
    const StageTimer timer(request.times.storage);
    auto work = [&photos, id = request.parameters.at(0)] { return photos.find(id); };
    auto record = co_await offload(threads, std::move(work), {.deadline = request.deadline});
    if (!record) co_return std::unexpected(std::move(record.error()));
    if (!*record || (*record)->owner != caller->owner) {
        co_return fail(404, "no_such_photo", "There is no such photo.");
    }
    OwnedPhoto owned;
    owned.caller = std::move(*caller);
    owned.record = std::move(**record);
    co_return owned;
}

}  // namespace thumbgate
