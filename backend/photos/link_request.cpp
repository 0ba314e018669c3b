#include "backend/photos/link_request.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "backend/photos/photo_urls.hpp"
#include "backend/units.hpp"
#include "contract/canonical.hpp"
#include "contract/options.hpp"

namespace thumbgate {
namespace json = boost::json;
namespace {

constexpr std::chrono::seconds kMaxLifetime = std::chrono::hours(24 * 366);

struct Field {
    std::string_view name;    // in JSON
    std::string_view option;  // in the URL grammar
};

constexpr std::array<Field, 8> kFields{{{"width", "w"},
                                        {"height", "h"},
                                        {"resizing_type", "rt"},
                                        {"gravity", "g"},
                                        {"enlarge", "el"},
                                        {"quality", "q"},
                                        {"dpr", "dpr"},
                                        {"format", "f"}}};

std::unexpected<Error> bad_request(std::string message) {
    return fail(400, "bad_request", std::move(message));
}

// A value as the URL grammar writes it; nullopt for a list, an object and null.
std::optional<std::string> argument_of(const json::value& value) {
    if (value.is_string()) return json::value_to<std::string>(value);
    if (value.is_bool()) return value.get_bool() ? "1" : "0";
    if (value.is_int64() || value.is_uint64()) return json::serialize(value);
    if (!value.is_double()) return std::nullopt;
    // Only a dpr has a fraction, in thousandths.
    const double thousandths = std::round(value.get_double() * kDprUnit);
    if (!(thousandths >= 0 && thousandths <= kMaxDpr)) return std::nullopt;
    return format_dpr(static_cast<std::uint32_t>(thousandths));
}

Result<std::chrono::seconds> parse_lifetime(const json::value& value) {
    const auto text = value.is_bool() ? std::nullopt : argument_of(value);
    const auto lifetime = text ? parse_duration(*text) : std::nullopt;
    if (!lifetime || *lifetime < std::chrono::seconds(1) || *lifetime > kMaxLifetime) {
        return bad_request("\"expires_in\" is " + json::serialize(value) +
                           "; it takes seconds, or a text like \"90s\", \"1h\" or \"7d\", up to 366 days.");
    }
    return std::chrono::floor<std::chrono::seconds>(*lifetime);
}

Result<void> read_flag(std::string_view name, const json::value& value, bool& flag) {
    if (!value.is_bool()) return bad_request("\"" + std::string(name) + "\" is true or false.");
    flag = value.get_bool();
    return {};
}

Result<void> read_name(const json::value& value, std::string& name) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (value.is_string()) name = json::value_to<std::string>(value);
    if (value.is_string() && name.size() <= kMaxLinkName && std::ranges::none_of(name, is_control)) return {};
    return bad_request("\"name\" is a text of one line, of at most " + std::to_string(kMaxLinkName) + " bytes.");
}

Result<void> read_photos(const json::value& value, std::vector<std::string>& photos) {
    const json::array* list = value.if_array();
    const std::size_t count = list != nullptr ? list->size() : 0;
    if (count == 0 || count > kMaxPhotosOfLink) {
        return bad_request("\"photos\" is a list of 1 to " + std::to_string(kMaxPhotosOfLink) + " ids.");
    }
    std::set<std::string> seen;
    for (const json::value& item : *list) {
        const json::string* id = item.if_string();
        if (id == nullptr || !is_id(*id)) return bad_request("\"photos\" holds what is no id of a photo.");
        if (seen.emplace(*id).second) photos.emplace_back(*id);
    }
    return {};
}

// False: it is no member that is about the link itself.
Result<bool> read_member(LinkRequest& request, LinkScope scope, std::string_view name, const json::value& value) {
    Result<void> done;
    if (name == "expires_in") {
        const auto lifetime = parse_lifetime(value);
        if (!lifetime) return std::unexpected(lifetime.error());
        request.expires_in = *lifetime;
    } else if (name == "name") {
        done = read_name(value, request.name);
    } else if (name == "bound") {
        done = read_flag(name, value, request.is_bound);
    } else if (name == "original") {
        done = read_flag(name, value, request.has_original);
    } else if (name == "photos" && scope == LinkScope::album) {
        done = read_photos(value, request.photos);
    } else {
        return false;
    }
    if (!done) return std::unexpected(std::move(done.error()));
    return true;
}

Result<void> apply_field(Options& options, std::string_view name, const json::value& value) {
    const auto field = std::ranges::find(kFields, name, &Field::name);
    if (field == kFields.end()) return bad_request("\"" + std::string(name) + "\" is not known here.");
    const auto argument = argument_of(value);
    if (!argument) return bad_request("\"" + std::string(name) + "\" does not take " + json::serialize(value) + ".");
    // As in a link: a gravity may have arguments of its own, "fp:0.5:0.25".
    const auto option = split_option(std::string(field->option) + ':' + *argument);
    if (const auto applied = apply_option(options, *option, Presets{}); !applied) {
        return bad_request("\"" + std::string(name) + "\": " + applied.error().detail + ".");
    }
    return {};
}

// Without the source, which this grammar writes last.
std::string options_path(const Options& options, const std::string& source) {
    const std::string path = canonical_path(ThumbLink{options, source});
    return path.substr(0, path.find("/plain/"));
}

}  // namespace

Result<LinkRequest> parse_link_request(std::string_view body, LinkScope scope) {
    boost::system::error_code error;
    const json::value value = json::parse(body, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return bad_request("The body is not a JSON object, like {\"expires_in\": \"1h\"}.");
    LinkRequest request;
    Options options;
    for (const auto& [key, member] : *object) {
        const std::string_view name(key);
        const auto read = read_member(request, scope, name, member);
        if (!read) return std::unexpected(read.error());
        if (*read) continue;
        if (auto applied = apply_field(options, name, member); !applied) {
            return std::unexpected(std::move(applied.error()));
        }
    }
    if (request.expires_in.count() == 0) {
        return bad_request("\"expires_in\" is missing: seconds, or a text like \"1h\".");
    }
    if (scope == LinkScope::album && request.photos.empty()) {
        return bad_request("\"photos\" is missing: the ids of the photos to share.");
    }
    request.options = options_path(options, "photo://x");
    return request;
}

std::string link_terms(const LinkRecord& link) {
    std::string terms = "/exp:" + std::to_string(link.expires) + "/lid:" + link.id;
    if (!link.session.empty()) terms += "/sid:" + link.session;
    return terms;
}

std::string link_path(const LinkRecord& link, std::string_view photo) {
    return link_terms(link) + link.options + "/" + source_segment(photo);
}

}  // namespace thumbgate
