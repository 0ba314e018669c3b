#include "backend/photos/photo_info.hpp"

#include <boost/json/serialize.hpp>
#include <utility>

#include "backend/photos/pictures.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace json = boost::json;

json::object describe(const PhotoRecord& record) {
    json::object info{
        {"format", record.format},
        {"width", record.width},
        {"height", record.height},
        {"has_alpha", record.has_alpha},
    };
    if (!record.appearance) return info;
    info["frames"] = record.appearance->frames;
    info["orientation"] = record.appearance->orientation;
    info["dominant_color"] = record.appearance->dominant_colour;
    info["thumbhash"] = record.appearance->thumbhash;
    return info;
}

asio::awaitable<Result<std::string>> PhotoInfo::find(std::string photo, Deadline deadline) {
    auto work = [&photos = photos_, photo = std::move(photo)] { return photos.find(photo); };
    const auto record = co_await offload(threads_, std::move(work), {.deadline = deadline});
    if (!record) co_return std::unexpected(record.error());
    if (!*record) co_return no_such_photo();
    co_return json::serialize(describe(**record)) + "\n";
}

}  // namespace thumbgate
