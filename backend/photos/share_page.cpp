#include "backend/photos/share_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "backend/photos/link_request.hpp"

namespace thumbgate {
namespace {

constexpr std::uint64_t kMinute = 60;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;

struct Reason {
    std::string_view name;
    std::string_view words;
};
constexpr std::array<Reason, 4> kReasons{{{"private", "It shows me, or somebody else, without consent"},
                                          {"illegal", "It is against the law"},
                                          {"abuse", "It is hateful, violent or a fraud"},
                                          {"other", "Something else"}}};

// The URLs of one photo.
struct Pictures {
    std::string small;   // what the page shows
    std::string srcset;  // empty: there is only one
    std::string large;
    std::string download;
};

// A picture alone is as wide as the page; in a grid some stand side by side.
constexpr std::string_view kWholeWidth = "(min-width: 76rem) 74rem, 96vw";
constexpr std::string_view kGridWidth = "(min-width: 40rem) 18rem, 96vw";

constexpr std::string_view kAboutOriginals =
    "<p class=\"quiet\">An original is the file as it was uploaded. It may say where, when and with which device the "
    "picture was taken.</p>\n";

bool names_format(const std::string& options) {
    return options.find("/f:") != std::string::npos;
}

std::string_view download_format(const PhotoRecord& photo) {
    if (photo.format == "gif") return "/f:gif";
    return photo.has_alpha ? "/f:png" : "/f:jpeg";
}

Result<std::string> download_url(const LinkRecord& link, const PhotoRecord& photo, std::size_t number,
                                 const PhotoUrls& urls, std::uint64_t now) {
    std::string path = link_terms(link) + (link.options.empty() ? "/q:90" : link.options);
    if (!names_format(link.options)) path += download_format(photo);
    return urls.sign_target(path + fmt::format("/fn:photo-{}/att:1/", number) + source_segment(photo.id), now);
}

Result<Pictures> pictures_of(const LinkRecord& link, const PhotoRecord& photo, std::size_t number,
                             const PhotoUrls& urls, std::uint64_t now) {
    Pictures pictures;
    auto download = download_url(link, photo, number, urls, now);
    if (!download) return std::unexpected(std::move(download.error()));
    pictures.download = std::move(*download);
    const auto sizes =
        link.options.empty() ? urls.sizes(link_terms(link), photo.id, now) : Result<std::vector<SizedUrl>>();
    if (!sizes) return std::unexpected(sizes.error());
    if (sizes->empty()) {
        auto only = urls.sign_target(link_path(link, photo.id), now);
        if (!only) return std::unexpected(std::move(only.error()));
        pictures.small = pictures.large = std::move(*only);
        return pictures;
    }
    const auto by_width = [](const SizedUrl& a, const SizedUrl& b) { return a.width < b.width; };
    pictures.large = std::ranges::max_element(*sizes, by_width)->target;
    pictures.small = (*sizes)[sizes->size() / 2].target;
    for (const SizedUrl& url : *sizes) {
        pictures.srcset += fmt::format("{}{} {}w", pictures.srcset.empty() ? "" : ", ", url.target, url.width);
    }
    return pictures;
}

std::string title_of(const LinkRecord& link, std::size_t photos) {
    if (!link.name.empty()) return link.name;
    return photos == 1 ? "A shared photo" : fmt::format("{} shared photos", photos);
}

// Preview pictures are JPEG, which every program that unfurls links shows.
Result<std::string> preview_tags(const LinkRecord& link, const PhotoRecord& cover, std::size_t photos,
                                 const PhotoUrls& urls, std::uint64_t now) {
    if (urls.public_url().empty() || !link.session.empty()) return std::string();
    std::string path = link_terms(link) + (link.options.empty() ? "/w:1200" : link.options);
    if (!names_format(link.options)) path += "/f:jpeg";
    const auto image = urls.sign(path + "/" + source_segment(cover.id), now);
    if (!image) return std::unexpected(image.error());
    const auto tag = [](std::string_view kind, std::string_view name, const std::string& content) {
        return fmt::format("<meta {}=\"{}\" content=\"{}\">\n", kind, name, html_escape(content));
    };
    const std::string count = photos == 1 ? "One photo" : fmt::format("{} photos", photos);
    return tag("property", "og:type", "website") + tag("property", "og:title", title_of(link, photos)) +
           tag("property", "og:description", count + ", until " + date_in_words(link.expires)) +
           tag("property", "og:url", urls.public_url() + "/s/" + link.id) + tag("property", "og:image", *image) +
           tag("property", "og:image:alt", title_of(link, photos)) + tag("name", "twitter:card", "summary_large_image");
}

std::string image_tag(const LinkRecord& link, const PhotoRecord& photo, const Pictures& pictures,
                      const std::string& alt, std::string_view sizes) {
    std::string tag = fmt::format("<img src=\"{}\" alt=\"{}\"", html_escape(pictures.small), html_escape(alt));
    if (!pictures.srcset.empty()) {
        tag += fmt::format(" srcset=\"{}\" sizes=\"{}\"", html_escape(pictures.srcset), sizes);
    }
    if (link.options.empty()) tag += fmt::format(" width=\"{}\" height=\"{}\"", photo.width, photo.height);
    return tag + " loading=\"lazy\" decoding=\"async\">";
}

std::string original_button(const LinkRecord& link, const PhotoRecord& photo, const std::string& alt) {
    std::string format = photo.format;
    std::ranges::transform(format, format.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
    return fmt::format(
        "\n<a class=\"button plain\" href=\"/s/{}/original/{}\" download aria-label=\"Download the original of "
        "{}\">Original "
        "<span class=\"small\">{}, {}</span></a>",
        link.id, photo.id, html_escape(alt), html_escape(format), size_in_words(photo.bytes));
}

std::string photo_html(const LinkRecord& link, const PhotoRecord& photo, const Pictures& pictures, std::size_t number,
                       std::size_t photos) {
    const bool is_alone = photos == 1;
    const std::string alt = is_alone ? title_of(link, 1) : fmt::format("Photo {} of {}", number, photos);
    const std::string image = image_tag(link, photo, pictures, alt, is_alone ? kWholeWidth : kGridWidth);
    const std::string look = is_alone ? "button" : "button plain";
    std::string html = is_alone ? "<figure>\n" : "<li>\n";
    html += fmt::format("<a href=\"{}\">{}</a>\n", html_escape(pictures.large), image);
    html +=
        fmt::format("<p class=\"actions\"><a class=\"{}\" href=\"{}\" download aria-label=\"Download {}\">Download</a>",
                    look, html_escape(pictures.download), html_escape(alt));
    if (link.original) html += original_button(link, photo, alt);
    html += "</p>\n";
    return html + (is_alone ? "</figure>\n" : "</li>\n");
}

std::string report_form(const LinkRecord& link) {
    std::string form = fmt::format(
        "<details>\n<summary>Report this page</summary>\n<form method=\"post\" action=\"/s/{}/report\">\n"
        "<label>What is wrong?<select name=\"reason\">\n",
        link.id);
    for (const Reason& reason : kReasons) {
        form += fmt::format("<option value=\"{}\">{}</option>\n", reason.name, html_escape(reason.words));
    }
    return form +
           "</select></label>\n<label>Anything that helps to judge it<textarea name=\"text\" rows=\"4\" "
           "maxlength=\"1000\"></textarea></label>\n<button>Send the report</button>\n</form>\n</details>\n";
}

}  // namespace

bool is_report_reason(std::string_view reason) {
    return std::ranges::find(kReasons, reason, &Reason::name) != kReasons.end();
}

std::string size_in_words(std::uint64_t bytes) {
    constexpr std::uint64_t kKilobyte = 1000;
    constexpr std::uint64_t kTenthOfMegabyte = 100 * kKilobyte;
    if (bytes >= 10 * kTenthOfMegabyte) {
        const std::uint64_t tenths = (bytes + kTenthOfMegabyte / 2) / kTenthOfMegabyte;
        return fmt::format("{}.{} MB", tenths / 10, tenths % 10);
    }
    return fmt::format("{} KB", std::max<std::uint64_t>(1, (bytes + kKilobyte / 2) / kKilobyte));
}

std::string time_in_words(std::uint64_t seconds) {
    const auto words = [](std::uint64_t count, std::string_view unit) {
        return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
    };
    if (seconds >= kDay) return words(seconds / kDay, "day");
    if (seconds >= kHour) return words(seconds / kHour, "hour");
    if (seconds >= kMinute) return words(seconds / kMinute, "minute");
    return "less than a minute";
}

std::string date_in_words(std::uint64_t unix_time) {
    constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                       "May",       "June",     "July",     "August",
                                                       "September", "October",  "November", "December"};
    const auto time = static_cast<std::time_t>(unix_time);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    return fmt::format("{} {} {}, {:02}:{:02} UTC", parts.tm_mday, kMonths.at(static_cast<std::size_t>(parts.tm_mon)),
                       parts.tm_year + 1900, parts.tm_hour, parts.tm_min);
}

Result<HtmlPage> share_page(const LinkRecord& link, const std::vector<PhotoRecord>& photos, const PhotoUrls& urls,
                            std::uint64_t now) {
    HtmlPage page;
    page.title = title_of(link, photos.size());
    auto previews = preview_tags(link, photos.front(), photos.size(), urls, now);
    if (!previews) return std::unexpected(std::move(previews.error()));
    page.head = std::move(*previews);
    const std::string count = photos.size() == 1 ? "" : fmt::format("{} photos · ", photos.size());
    page.body =
        fmt::format("<h1><bdi>{}</bdi></h1>\n<p class=\"quiet\">{}Expires in {}, on {}</p>\n", html_escape(page.title),
                    count, time_in_words(link.expires - std::min(link.expires, now)), date_in_words(link.expires));
    if (link.original) page.body += kAboutOriginals;
    if (photos.size() > 1) page.body += "<ul class=\"grid\">\n";
    for (std::size_t i = 0; i < photos.size(); ++i) {
        const auto pictures = pictures_of(link, photos[i], i + 1, urls, now);
        if (!pictures) return std::unexpected(pictures.error());
        page.body += photo_html(link, photos[i], *pictures, i + 1, photos.size());
    }
    if (photos.size() > 1) page.body += "</ul>\n";
    page.body += report_form(link);
    return page;
}

}  // namespace thumbgate
