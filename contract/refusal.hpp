// Why a link is refused. The kinds are what the edge, the command line and the CDN functions agree on; each has one
// HTTP status. `detail` is written for the person who made the link: it names the bad value and is safe to show.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace thumbgate {

enum class RefusalKind {
    malformed,         // 400: not the grammar, or a bad percent-escape
    unknown_option,    // 400: an option that this version does not know, or that the location does not allow
    bad_argument,      // 400: a known option with an argument it does not take
    bad_source,        // 400: no source, or one that cannot be decoded
    bad_signature,     // 403: no key that is valid now made this signature
    forbidden_source,  // 403: a source that the location's links may not name
    expired,           // 410: the signature is right, but `exp` has passed
};

struct Refusal {
    RefusalKind kind;
    std::string detail;
};

template <typename T>
using Parsed = std::expected<T, Refusal>;

constexpr int http_status(RefusalKind kind) {
    switch (kind) {
        case RefusalKind::bad_signature:
        case RefusalKind::forbidden_source:
            return 403;
        case RefusalKind::expired:
            return 410;
        default:
            return 400;
    }
}

// The stable, machine-readable name: the verdict in logs and metrics, and `kind` in the vectors.
constexpr std::string_view name(RefusalKind kind) {
    switch (kind) {
        case RefusalKind::malformed:
            return "malformed";
        case RefusalKind::unknown_option:
            return "unknown_option";
        case RefusalKind::bad_argument:
            return "bad_argument";
        case RefusalKind::bad_source:
            return "bad_source";
        case RefusalKind::bad_signature:
            return "bad_signature";
        case RefusalKind::forbidden_source:
            return "forbidden_source";
        case RefusalKind::expired:
            return "expired";
    }
    return "malformed";
}

inline std::unexpected<Refusal> refuse(RefusalKind kind, std::string detail) {
    return std::unexpected(Refusal{kind, std::move(detail)});
}

}  // namespace thumbgate
