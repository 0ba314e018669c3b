// The limits that a request can exceed, as metrics and documentation name them.
#pragma once

#include <array>
#include <string_view>

namespace thumbgate {

struct LimitName {
    std::string_view code;   // of the Error that says it is exceeded
    std::string_view limit;  // the label of thumbgate_backend_limit_refusals_total
};

inline constexpr std::array<LimitName, 15> kLimits{{
    {"header_too_large", "header_bytes"},
    {"body_too_large", "body_bytes"},
    {"form_too_large", "form_bytes"},
    {"picture_too_large", "upload_bytes"},
    {"svg_too_large", "svg_bytes"},
    {"too_many_pixels", "pixels"},
    {"side_too_long", "side"},
    {"too_many_frames", "frames"},
    {"too_many_scans", "scans"},
    {"too_much_metadata", "metadata_bytes"},
    {"too_much_memory", "memory"},
    {"timeout", "time"},
    {"too_large", "output_bytes"},
    {"result_too_many_pixels", "output_pixels"},
    {"result_side_too_long", "output_side"},
}};

// Empty for any other error.
constexpr std::string_view limit_of(std::string_view code) {
    for (const LimitName& name : kLimits) {
        if (name.code == code) return name.limit;
    }
    return {};
}

}  // namespace thumbgate
