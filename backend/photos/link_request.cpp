#include "backend/photos/link_request.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <optional>

#include "backend/photos/photo_urls.hpp"
#include "backend/units.hpp"
#include "contract/canonical.hpp"
#include "contract/options.hpp"

namespace thumbgate {
namespace json = boost::json;
namespace {

constexpr std::chrono::seconds kMaxLifetime = std::chrono::hours(24 * 366);
constexpr std::string_view kExpiresIn = "expires_in";

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

Result<LinkRequest> parse_link_request(std::string_view body) {
    boost::system::error_code error;
    const json::value value = json::parse(body, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return bad_request("The body is not a JSON object, like {\"expires_in\": \"1h\"}.");
    LinkRequest request;
    Options options;
    for (const auto& [name, member] : *object) {
        if (std::string_view(name) == kExpiresIn) {
            auto lifetime = parse_lifetime(member);
            if (!lifetime) return std::unexpected(std::move(lifetime.error()));
            request.expires_in = *lifetime;
        } else if (auto applied = apply_field(options, std::string_view(name), member); !applied) {
            return std::unexpected(std::move(applied.error()));
        }
    }
    if (request.expires_in.count() == 0) {
        return bad_request("\"expires_in\" is missing: seconds, or a text like \"1h\".");
    }
    request.options = options_path(options, "photo://x");
    return request;
}

std::string link_path(const LinkRequest& request, std::string_view photo, std::uint64_t expires) {
    return "/exp:" + std::to_string(expires) + request.options + "/" + source_segment(photo);
}

}  // namespace thumbgate
