#include "backend/photos/photo_urls.hpp"

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

Result<std::string> PhotoUrls::sign(std::string_view path, std::uint64_t now) const {
    const std::string signature = keys_.sign(path, now, config_.signature_size);
    if (signature.empty()) {
        return fail_unavailable("no_signing_key", "Links cannot be signed at the moment.",
                                "no key of the key file is valid now");
    }
    return config_.public_url + std::string(kLocation) + signature + std::string(path);
}

Result<boost::json::object> PhotoUrls::thumbnails(std::string_view photo, std::uint64_t now) const {
    const std::string begin = "/exp:" + std::to_string(rounded_expiry(now)) + "/w:";
    const std::string end = "/" + source_segment(photo);
    boost::json::object urls;
    for (const std::uint32_t width : config_.base_sizes) {
        auto url = sign(begin + std::to_string(width) + end, now);
        if (!url) return std::unexpected(std::move(url.error()));
        urls[std::to_string(width)] = *url;
    }
    return urls;
}

}  // namespace thumbgate
