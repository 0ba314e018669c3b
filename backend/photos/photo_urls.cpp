#include "backend/photos/photo_urls.hpp"

#include <optional>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kLocation = "/t/";  // where the edge serves thumbnails
constexpr std::string_view kScheme = "photo://";

}  // namespace

std::string source_segment(std::string_view photo) {
    return base64url_encode(std::string(kScheme) + std::string(photo));
}

std::uint64_t PhotoUrls::rounded_expiry(std::uint64_t now) const {
    const auto period = static_cast<std::uint64_t>(config_.period.count());
    const std::uint64_t earliest = now + static_cast<std::uint64_t>(config_.lifetime.count());
    return (earliest + period - 1) / period * period;
}

Result<std::string> PhotoUrls::sign_target(std::string_view path, std::uint64_t now) const {
    const std::string signature = keys_.sign(path, now, config_.signature_size);
    if (signature.empty()) {
        return fail_unavailable("no_signing_key", "Links cannot be signed at the moment.",
                                "no key of the key file is valid now");
    }
    return std::string(kLocation) + signature + std::string(path);
}

Result<std::string> PhotoUrls::sign(std::string_view path, std::uint64_t now) const {
    auto target = sign_target(path, now);
    if (!target) return target;
    return config_.public_url + *target;
}

Result<std::vector<SizedUrl>> PhotoUrls::sizes(std::string_view options, std::string_view photo,
                                               std::uint64_t now) const {
    const std::string begin = std::string(options) + "/w:";
    const std::string end = "/" + source_segment(photo);
    std::optional<std::string> signed_part;
    if (config_.has_ladder) {
        auto target = sign_target(begin + "*" + end, now);
        if (!target) return std::unexpected(std::move(target.error()));
        signed_part = target->substr(0, target->find('/', kLocation.size()));
    }
    std::vector<SizedUrl> urls;
    for (const std::uint32_t width : config_.base_sizes) {
        const std::string path = begin + std::to_string(width) + end;
        auto target = signed_part ? Result<std::string>(*signed_part + path) : sign_target(path, now);
        if (!target) return std::unexpected(std::move(target.error()));
        urls.push_back({width, std::move(*target)});
    }
    return urls;
}

Result<boost::json::object> PhotoUrls::thumbnails(std::string_view photo, std::uint64_t now) const {
    const auto sized = sizes("/exp:" + std::to_string(rounded_expiry(now)), photo, now);
    if (!sized) return std::unexpected(sized.error());
    boost::json::object urls;
    for (const SizedUrl& url : *sized) urls[std::to_string(url.width)] = config_.public_url + url.target;
    return urls;
}

}  // namespace thumbgate
