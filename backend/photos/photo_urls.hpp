// The signed thumbnail URLs that the API answers with. They are stable: `exp` is rounded up to a period, so that two
// listings give the same URL and a browser's cache is of use. They hold only A-Z a-z 0-9 - _ : / . and end in none of
// these marks, so that proxies, chat tools and mail programs leave them as they are. Not thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backend/error.hpp"
#include "contract/keys.hpp"

namespace thumbgate {

struct UrlConfig {
    std::string public_url;  // "https://photos.example", or "" for URLs that begin with the path
    std::size_t signature_size = kMaxSignatureSize;  // bytes, as the edge has it
    std::chrono::seconds lifetime{24 * 3600};        // at least; up to a period more
    std::chrono::seconds period{24 * 3600};
    std::vector<std::uint32_t> base_sizes{160, 320, 640, 960, 1280};  // widths in pixels
    // One signature for all of them, as contract/ladder.hpp has it: the edge's thumb_sizes names them too.
    bool has_ladder = false;
};

struct SizedUrl {
    std::uint32_t width;
    std::string target;  // "/t/…", without the public URL
};

class PhotoUrls {
  public:
    PhotoUrls(UrlConfig config, KeyRing keys) : config_(std::move(config)), keys_(std::move(keys)) {}

    // From now on signs with these.
    void set_keys(KeyRing keys) { keys_ = std::move(keys); }

    // `path`: what is signed, from its "/". Error of all: 503 when no key is valid at `now`.
    Result<std::string> sign(std::string_view path, std::uint64_t now) const;

    // The same without the public URL: for a page that is served by the edge itself.
    Result<std::string> sign_target(std::string_view path, std::uint64_t now) const;

    // A photo in every configured width. `options`: what its links say besides, "/exp:…/lid:…".
    Result<std::vector<SizedUrl>> sizes(std::string_view options, std::string_view photo, std::uint64_t now) const;

    // "" where URLs begin with the path.
    const std::string& public_url() const { return config_.public_url; }

    // {"160": url, …}
    Result<boost::json::object> thumbnails(std::string_view photo, std::uint64_t now) const;

    // Unix seconds, a multiple of the period.
    std::uint64_t rounded_expiry(std::uint64_t now) const;

  private:
    UrlConfig config_;
    KeyRing keys_;
};

// "photo://<id>" as the last segment of a signed path.
std::string source_segment(std::string_view photo);

}  // namespace thumbgate
