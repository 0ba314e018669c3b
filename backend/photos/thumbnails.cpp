#include "backend/photos/thumbnails.hpp"

#include <algorithm>
#include <utility>

#include "contract/cache_policy.hpp"
#include "contract/canonical.hpp"
#include "contract/encoding.hpp"
#include "contract/thumb_url.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

// The edge's own tier: it sets what browsers and CDNs are told, and purges by photo.
constexpr std::string_view kCacheControl = "max-age=2592000";  // 30 days
constexpr std::string_view kLocation = "/thumb/";
constexpr std::chrono::minutes kFailureCounts(10);
constexpr std::size_t kMaxFailures = 4096;

Result<Conversion> conversion_of(const Request& request) {
    auto conversion = parse_canonical(std::string_view(request.target).substr(kLocation.size()));
    if (!conversion) return fail(400, "bad_request", conversion.error().detail);
    return std::move(*conversion);
}

std::unexpected<Error> no_such_source() {
    return fail(404, "source_not_configured",
                "This source is not configured here; only photos that were uploaded (photo://) are served.");
}

bool may_have_interim(const Conversion& conversion) {
    return !conversion.options.format && conversion.accepted.has(Format::avif);
}

Conversion without_avif(Conversion conversion) {
    const bool has_webp = conversion.accepted.has(Format::webp);
    conversion.accepted = has_webp ? FormatSet().with(Format::webp) : FormatSet();
    return conversion;
}

// An interim has a tag of its own: a cache that asks whether it is still the same must hear it when the same picture is
// no longer one, or only now.
std::string etag_of(const ResultDigest& digest, bool is_interim) {
    return "\"" + hex_encode(digest) + (is_interim ? "-interim" : "") + "\"";
}

void set_freshness(Response& response, std::optional<std::chrono::seconds> interim) {
    if (!interim) return response.set("Cache-Control", std::string(kCacheControl));
    const std::string age = std::to_string(interim->count());
    response.set("Cache-Control", "max-age=" + age);
    // What nginx's cache goes by, before what is configured there; and what the edge tells clients by.
    response.set("X-Accel-Expires", age);
    response.set(std::string(kInterimHeader), age);
}

Response kept_response(std::string_view type, const std::string& body, const ResultDigest& digest,
                       std::optional<std::chrono::seconds> interim, std::string_view if_none_match) {
    Response response;
    const std::string etag = etag_of(digest, interim.has_value());
    response.set("ETag", etag);
    // The edge answers ranges from its cache where it is told that it may.
    response.set("Accept-Ranges", "bytes");
    set_freshness(response, interim);
    if (names_etag(if_none_match, etag)) {
        response.status = 304;
        return response;
    }
    response.set("Content-Type", std::string(type));
    response.body = body;
    return response;
}

Response picture_response(const MadePicture& picture, std::optional<std::chrono::seconds> interim,
                          std::string_view if_none_match) {
    return kept_response(media_type(picture.format), picture.bytes, picture.digest, interim, if_none_match);
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

Thumbnails::Thumbnails(Pictures& pictures, PhotoInfo& info, std::chrono::seconds interim_max_age, Fallback* fallback)
    : pictures_(pictures),
      info_(info),
      interim_max_age_(interim_max_age),
      fallback_(fallback),
      failures_(kFailureCounts, kMaxFailures) {}

std::vector<Route> Thumbnails::routes() {
    return {{"GET", "/thumb/*", RouteKind::thumbnail, [this](Request& request) { return show(request); }}};
}

Thumbnails::Answer Thumbnails::show(Request& request) {
    auto wanted = conversion_of(request);
    if (!wanted) co_return std::unexpected(std::move(wanted.error()));
    if (wanted->options.info) co_return co_await show_info(request, *wanted);
    auto answer = co_await show_photo(request, *wanted);
    if (answer || fallback_ == nullptr || !Fallback::stands_in_for(answer.error())) co_return answer;
    auto instead = co_await show_fallback(request, std::move(*wanted));
    // Without one, what was wrong first is what is said.
    if (!instead) co_return answer;
    co_return instead;
}

// Nobody waits for an AVIF of it where another format does.
Thumbnails::Answer Thumbnails::show_fallback(Request& request, Conversion wanted) {
    const StageTimer timer(request.times.convert);
    if (may_have_interim(wanted)) wanted = without_avif(std::move(wanted));
    JobTerms terms{.deadline = request.deadline, .client = request.identity.client};
    const auto picture = co_await fallback_->make(std::move(wanted), std::move(terms));
    if (!picture) co_return std::unexpected(picture.error());
    const FallbackConfig& config = fallback_->config();
    // A request is conditional where it would be answered with 200 alone.
    const bool is_ok = config.status == 200;
    Response response = picture_response(**picture, config.max_age, is_ok ? request.header("If-None-Match") : "");
    if (!is_ok) response.status = config.status;
    co_return response;
}

Thumbnails::Answer Thumbnails::show_photo(Request& request, Conversion wanted) {
    const std::string photo(photo_id(wanted.source));
    if (photo.empty()) co_return no_such_source();
    auto picture = co_await find(request, photo, wanted);
    if (!picture) co_return std::unexpected(std::move(picture.error()));
    std::optional<std::chrono::seconds> interim;
    // What is not kept would be an interim for good.
    if (!*picture && may_have_interim(wanted) && pictures_.keeps_results()) {
        if (begin_avif(photo, wanted)) interim = interim_max_age_;
        wanted = without_avif(std::move(wanted));
        picture = co_await find(request, photo, wanted);
        if (!picture) co_return std::unexpected(std::move(picture.error()));
    }
    if (!*picture) picture = co_await make(request, photo, std::move(wanted));
    if (!picture) co_return std::unexpected(std::move(picture.error()));
    if (interim) ++interims_;
    co_return picture_response(**picture, interim, request.header("If-None-Match"));
}

// A fallback picture would be described in the place of a photo that has other dimensions.
Thumbnails::Answer Thumbnails::show_info(Request& request, Conversion wanted) {
    const StageTimer timer(request.times.storage);
    const std::string photo(photo_id(wanted.source));
    if (photo.empty()) co_return no_such_source();
    const auto info = co_await info_.find(photo, request.deadline);
    if (!info) co_return std::unexpected(info.error());
    co_return kept_response("application/json", *info, result_digest(*info), std::nullopt,
                            request.header("If-None-Match"));
}

asio::awaitable<Result<PicturePtr>> Thumbnails::find(Request& request, const std::string& photo,
                                                     const Conversion& conversion) {
    const StageTimer timer(request.times.storage);
    co_return co_await pictures_.find(photo, conversion, request.deadline);
}

asio::awaitable<Result<PicturePtr>> Thumbnails::make(Request& request, const std::string& photo,
                                                     Conversion conversion) {
    const StageTimer timer(request.times.convert);
    JobTerms terms{.deadline = request.deadline, .client = request.identity.client};
    co_return co_await pictures_.make(photo, std::move(conversion), std::move(terms));
}

bool Thumbnails::begin_avif(const std::string& photo, const Conversion& conversion) {
    std::string form = canonical_form(conversion);
    if (failures_.holds(form, std::chrono::steady_clock::now())) return false;
    auto landed = [this, form = std::move(form)](const Result<PicturePtr>& made) {
        // An overloaded service says nothing about the picture.
        const bool failed = made ? !(*made)->is_stored : made.error().status != 503;
        if (failed) failures_.add(form, std::chrono::steady_clock::now());
    };
    pictures_.make_in_background(photo, conversion, std::move(landed));
    return true;
}

}  // namespace thumbgate
