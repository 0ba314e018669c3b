// What somebody sees who opens a link: the picture, or the album as a grid, with all that is signed for it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/error.hpp"
#include "backend/http/html.hpp"
#include "backend/photos/photo_urls.hpp"
#include "backend/photos/records.hpp"

namespace thumbgate {

// Where the link is wanted to limit what its pictures look like, it is no other picture that is shown anywhere.
// Previews (OpenGraph) need a public URL, and are left out of a link for one session alone. `photos`: those that are
// still there. Error: 503 when nothing can be signed.
Result<HtmlPage> share_page(const LinkRecord& link, const std::vector<PhotoRecord>& photos, const PhotoUrls& urls,
                            std::uint64_t now);

// "812 KB", "4.2 MB"
std::string size_in_words(std::uint64_t bytes);

// "9 days", "1 hour", "less than a minute".
std::string time_in_words(std::uint64_t seconds);

// "30 November 2026, 14:05 UTC"
std::string date_in_words(std::uint64_t unix_time);

// What a report may be about, as the page's form has it.
bool is_report_reason(std::string_view reason);

}  // namespace thumbgate
