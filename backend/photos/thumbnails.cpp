#include "backend/photos/thumbnails.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "contract/canonical.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "contract/thumb_url.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

// The edge's own tier: it sets what browsers and CDNs are told, and purges by photo.
constexpr std::string_view kCacheControl = "max-age=2592000";  // 30 days
constexpr std::string_view kLocation = "/thumb/";
constexpr std::size_t kTagBytes = 16;  // of the digest

std::unexpected<Error> no_such_photo() {
    return fail(404, "no_such_photo", "There is no such photo.");
}

Result<Conversion> conversion_of(const Request& request) {
    auto conversion = parse_canonical(std::string_view(request.target).substr(kLocation.size()));
    if (!conversion) return fail(400, "bad_request", conversion.error().detail);
    return std::move(*conversion);
}

std::string etag_of(std::string_view bytes) {
    const Sha256 digest = sha256(bytes);
    return "\"" + hex_encode(std::span(digest).first<kTagBytes>()) + "\"";
}

Response picture_response(Picture picture, const std::string& etag, std::string_view if_none_match) {
    Response response;
    response.set("ETag", etag);
    // The edge answers ranges from its cache where it is told that it may.
    response.set("Accept-Ranges", "bytes");
    response.set("Cache-Control", std::string(kCacheControl));
    if (names_etag(if_none_match, etag)) {
        response.status = 304;
        return response;
    }
    response.set("Content-Type", std::string(media_type(picture.format)));
    response.body = std::move(picture.bytes);
    return response;
}

}  // namespace

bool names_etag(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        const std::size_t end = std::min(if_none_match.find(','), if_none_match.size());
        std::string_view member = if_none_match.substr(0, end);
        if_none_match.remove_prefix(std::min(end + 1, if_none_match.size()));
        member.remove_prefix(std::min(member.find_first_not_of(" \t"), member.size()));
        member = member.substr(0, member.find_last_not_of(" \t") + 1);
        if (member.starts_with("W/")) member.remove_prefix(2);
        if (member == etag || member == "*") return true;
    }
    return false;
}

std::vector<Route> Thumbnails::routes() {
    return {{"GET", "/thumb/*", RouteKind::thumbnail, [this](Request& request) { return show(request); }}};
}

asio::awaitable<Result<Response>> Thumbnails::show(Request& request) {
    auto conversion = conversion_of(request);
    if (!conversion) co_return std::unexpected(std::move(conversion.error()));
    const std::string photo(photo_id(conversion->source));
    if (photo.empty()) {
        co_return fail(404, "source_not_configured",
                       "This source is not configured here; only photos that were uploaded (photo://) are served.");
    }
    auto source = co_await open(request, photo);
    if (!source) co_return std::unexpected(std::move(source.error()));
    auto picture = co_await convert(request, std::move(*source), std::move(*conversion));
    if (!picture) co_return std::unexpected(std::move(picture.error()));
    const auto shared = std::make_shared<Picture>(std::move(*picture));
    auto etag = co_await finish(request, photo, shared);
    if (!etag) co_return std::unexpected(std::move(etag.error()));
    co_return picture_response(std::move(*shared), *etag, request.header("If-None-Match"));
}

asio::awaitable<Result<Original>> Thumbnails::open(Request& request, const std::string& photo) {
    const StageTimer timer(request.times.storage);
    auto work = [&photos = photos_, photo] { return photos.open_original(photo); };
    auto original = co_await offload(threads_, std::move(work), {.deadline = request.deadline});
    if (!original) co_return std::unexpected(std::move(original.error()));
    if (!*original) co_return no_such_photo();
    co_return std::move(**original);
}

asio::awaitable<Result<Picture>> Thumbnails::convert(Request& request, Original original, Conversion conversion) {
    const StageTimer timer(request.times.convert);
    JobTerms terms{.deadline = request.deadline, .client = request.identity.client, .digest = original.sha256};
    co_return co_await pool_.convert(std::move(original.object.fd), std::move(conversion), std::move(terms));
}

asio::awaitable<Result<std::string>> Thumbnails::finish(Request& request, const std::string& photo,
                                                        std::shared_ptr<const Picture> picture) {
    const StageTimer timer(request.times.storage);
    auto work = [&photos = photos_, photo, picture = std::move(picture)]() -> Result<std::string> {
        const auto there = photos.exists(photo);
        if (!there) return std::unexpected(there.error());
        if (!*there) return no_such_photo();
        return etag_of(picture->bytes);
    };
    co_return co_await offload(threads_, std::move(work), {.deadline = request.deadline});
}

}  // namespace thumbgate
