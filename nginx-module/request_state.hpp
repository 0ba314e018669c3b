// What the module knows of one request. It belongs to the main request and survives internal redirects, so that a
// limit is charged once and the log sees the verdict that was reached.
#pragma once

#include <optional>
#include <string>

#include "contract/canonical.hpp"
#include "contract/refusal.hpp"
#include "contract/thumb_url.hpp"
#include "nginx-module/hot_cache/store.hpp"
#include "nginx-module/ngx.hpp"
#include "nginx-module/rate_limit/gcra.hpp"

namespace thumbgate::edge {

// How a request was judged: a log field and a metric's label.
enum class Verdict : std::uint8_t {
    none,  // not a thumbnail, not limited
    ok,
    malformed,
    unknown_option,
    bad_argument,
    bad_source,
    bad_signature,
    forbidden_source,
    expired,
    wrong_session,
    revoked,
    not_known,  // whether it is revoked
    bad_method,
    limited,
};
inline constexpr std::size_t kVerdicts = static_cast<std::size_t>(Verdict::limited) + 1;

std::string_view name(Verdict verdict);
Verdict verdict_of(RefusalKind kind);

struct ParsedLink {
    ThumbLink link;
    Conversion conversion;
    std::string canonical;  // what the backend is asked for
};

struct LimitOutcome {
    Decision decision;
    Rate rate;
    std::string_view zone;  // lives as long as the configuration
};

// A response's body on its way into the hot cache.
struct HotFill {
    HotMeta meta;
    std::string body;
};

struct Coalesced;
struct LinkConf;

struct RequestState {
    Verdict verdict = Verdict::none;
    const LinkConf* judged_by = nullptr;     // the location whose rules the next two are by
    std::optional<bool> signature_valid;     // not yet checked: nullopt
    std::optional<Parsed<ParsedLink>> link;  // not yet parsed: nullopt
    std::optional<std::string> cache_key;    // not yet asked for: nullopt; from then on it stays, whatever is purged
    std::optional<LimitOutcome> limit;       // the tightest limit that applied
    bool limit_charged = false;
    bool denial_charged = false;
    bool served_hot = false;  // from the hot cache
    std::optional<HotFill> hot_fill;
    Coalesced* coalesced = nullptr;                       // in the pool; null: it took no part in a fetch
    std::optional<std::uint64_t> breaker_retry_after_ms;  // an open breaker rejected it
    std::string problem_detail;  // a sentence for the problem's body; empty: the status says it all
    std::string problem_body;    // replaces nginx's own error page
    bool problem_body_sent = false;
};

// Made on first use. Null when there is no memory.
RequestState* request_state(ngx_http_request_t* r);

// Null when this request has none yet.
RequestState* existing_request_state(ngx_http_request_t* r);

}  // namespace thumbgate::edge
