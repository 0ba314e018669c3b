// Judges a request's link once and enforces it. Fails closed: an exception or a lack of memory is a 500, never a pass.
#include "nginx-module/link/link.hpp"

#include <array>

#include "nginx-module/feed/feed.hpp"
#include "nginx-module/service/service.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

const Presets kNoPresets;

// The raw bytes as sent, after the location's prefix: what the signature is over. nullopt when the client spelled
// the prefix in another way ("/%74/"), so that it is not a prefix of the raw bytes.
std::optional<std::string_view> raw_target(ngx_http_request_t* r, const LinkConf& conf) {
    const std::string_view raw = view(r->main->unparsed_uri);
    const std::string_view prefix = view(conf.prefix);
    if (!raw.starts_with(prefix)) return std::nullopt;
    return raw.substr(prefix.size());
}

Parsed<SignedPath> signed_path(ngx_http_request_t* r, const LinkConf& conf) {
    const auto target = raw_target(r, conf);
    if (!target) return refuse(RefusalKind::malformed, "the path does not begin as its location does");
    return split_signature(*target);
}

// What one location found says nothing after an internal redirect into another with keys of its own.
void judge_by(const LinkConf& conf, RequestState& state) {
    if (state.judged_by == &conf) return;
    state.judged_by = &conf;
    state.signature_valid.reset();
    state.link.reset();
    state.cache_key.reset();
}

bool signature_is_valid(const SignedPath& path, const LinkConf& conf, RequestState& state) {
    judge_by(conf, state);
    if (!state.signature_valid) {
        const SignatureRules rules{static_cast<std::size_t>(conf.signature_size), conf.sizes};
        state.signature_valid = verify_link(*conf.keys, path, unix_now(), rules) != nullptr;
    }
    return *state.signature_valid;
}

Parsed<ParsedLink> parse(ngx_http_request_t* r, const LinkConf& conf) {
    const auto path = signed_path(r, conf);
    if (!path) return std::unexpected(path.error());
    auto link = parse_link(path->path, LinkRules{.presets = conf.presets != nullptr ? *conf.presets : kNoPresets,
                                                 .presets_only = conf.presets_only == 1,
                                                 .sources = conf.sources});
    if (!link) return std::unexpected(link.error());
    FormatSet accepted;
    if (const ngx_table_elt_t* accept = r->main->headers_in.accept; accept != nullptr) {
        accepted = accepted_formats(view(accept->value), conf.formats);
    }
    Conversion conversion = reduce(*link, accepted);
    std::string canonical = canonical_form(conversion);
    return ParsedLink{std::move(*link), std::move(conversion), std::move(canonical)};
}

const Parsed<ParsedLink>& link_of(ngx_http_request_t* r, const LinkConf& conf, RequestState& state) {
    judge_by(conf, state);
    if (!state.link) state.link = parse(r, conf);
    return *state.link;
}

void judge(RequestState& state, const Refusal& refusal) {
    state.verdict = verdict_of(refusal.kind);
    state.problem_detail = refusal.detail;
}

// 410 says nothing to `satisfy any`, which knows 401 and 403 alone.
ngx_int_t gone_status(ngx_http_request_t* r) {
    const auto* core = static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    return core->satisfy == NGX_HTTP_SATISFY_ANY ? NGX_HTTP_FORBIDDEN : http_status(RefusalKind::expired);
}

// A link for one session is of no use to another. Without thumb_secret nobody can show a session.
ngx_int_t check_session(ngx_http_request_t* r, const Options& link, RequestState& state) {
    if (link.session.empty() || session_hash(r) == link.session) return NGX_OK;
    state.verdict = Verdict::wrong_session;
    state.problem_detail = "the link is for another session";
    return NGX_HTTP_FORBIDDEN;
}

ngx_int_t refuse_until_known(ngx_http_request_t* r, RequestState& state) {
    state.verdict = Verdict::not_known;
    state.problem_detail = main_conf(r)->feed.feed == nullptr
                               ? "this edge follows no control feed, so that it cannot tell whether the link is revoked"
                               : "this edge does not know yet whether the link is revoked; try again";
    add_response_header(r, "Retry-After", "1");
    return NGX_HTTP_SERVICE_UNAVAILABLE;
}

// Fails closed: until this edge knows what is revoked, no link that could be is served.
ngx_int_t check_revocation(ngx_http_request_t* r, const Options& link, RequestState& state) {
    const FeedMainConf& feed = main_conf(r)->feed;
    if (link.link_id.empty() && link.session.empty()) return NGX_OK;
    if (!knows_revocations(feed)) return refuse_until_known(r, state);
    if (!link.link_id.empty() && is_revoked(feed, {FeedEventKind::revoke_link, link.link_id, 0})) {
        state.verdict = Verdict::revoked;
        state.problem_detail = "the link has been revoked";
        return gone_status(r);
    }
    if (!link.session.empty() && is_revoked(feed, {FeedEventKind::end_session, link.session, 0})) {
        state.verdict = Verdict::wrong_session;
        state.problem_detail = "the session has ended";
        return NGX_HTTP_FORBIDDEN;
    }
    return NGX_OK;
}

ngx_int_t check_access(ngx_http_request_t* r, const LinkConf& conf, RequestState& state) {
    const auto path = signed_path(r, conf);
    if (!path) {
        judge(state, path.error());
        return http_status(path.error().kind);
    }
    if (!signature_is_valid(*path, conf, state)) {
        judge(state, {RefusalKind::bad_signature, "the link's signature is not valid"});
        return NGX_HTTP_FORBIDDEN;
    }
    const auto& link = link_of(r, conf, state);
    if (!link) return NGX_OK;  // refused in the precontent phase, whatever else lets it pass here
    const Options& options = link->link.options;
    if (is_expired(options, unix_now())) {
        judge(state, {RefusalKind::expired, "the link has expired"});
        return gone_status(r);
    }
    if (const ngx_int_t refused = check_session(r, options, state); refused != NGX_OK) return refused;
    return check_revocation(r, options, state);
}

ngx_int_t check_request(ngx_http_request_t* r, const LinkConf& conf, RequestState& state) {
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        state.verdict = Verdict::bad_method;
        state.problem_detail = "a thumbnail is fetched with GET or HEAD";
        return NGX_HTTP_NOT_ALLOWED;
    }
    const auto& link = link_of(r, conf, state);
    if (!link) {
        judge(state, link.error());
        return http_status(link.error().kind);
    }
    // Another rule of the location (satisfy any) may have let a bad signature pass: then it is served, and logged ok.
    state.verdict = Verdict::ok;
    return NGX_DECLINED;
}

template <typename Check>
ngx_int_t judge_in_phase(ngx_http_request_t* r, bool applies, Check check) noexcept try {
    if (!applies) return NGX_DECLINED;
    RequestState* state = request_state(r);
    if (state == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return check(r, location_conf(r)->link, *state);
} catch (...) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace

ngx_int_t link_preaccess(ngx_http_request_t* r) noexcept try {
    if (r != r->main || !location_conf(r)->link.is_thumbnail_location()) return NGX_DECLINED;
    const ngx_str_t line =
        join_in_pool(r->pool, {view(r->method_name), " ", redacted_uri(r), " ", view(r->http_protocol)});
    if (line.data == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    r->request_line = line;
    return NGX_DECLINED;
} catch (...) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t link_access(ngx_http_request_t* r) noexcept {
    return judge_in_phase(r, location_conf(r)->link.signature == 1, check_access);
}

ngx_int_t link_precontent(ngx_http_request_t* r) noexcept {
    return judge_in_phase(r, r == r->main && location_conf(r)->link.is_thumbnail_location(), check_request);
}

std::string redacted_uri(ngx_http_request_t* r) {
    const LinkConf& conf = location_conf(r)->link;
    const std::string_view raw = view(r->main->unparsed_uri);
    if (!conf.is_thumbnail_location()) return std::string(raw.substr(0, raw.find('?')));
    const auto target = raw_target(r, conf);
    return target ? redact(view(conf.prefix), *target) : std::string(view(conf.prefix)) + "-";
}

const ParsedLink* parsed_link(ngx_http_request_t* r) {
    const LinkConf& conf = location_conf(r)->link;
    RequestState* state = conf.is_thumbnail_location() ? request_state(r) : nullptr;
    if (state == nullptr) return nullptr;
    const auto& link = link_of(r, conf, *state);
    return link ? &*link : nullptr;
}

const std::string* cache_key(ngx_http_request_t* r) {
    const ParsedLink* link = parsed_link(r);
    if (link == nullptr) return nullptr;
    RequestState& state = *existing_request_state(r);
    if (!state.cache_key) {
        state.cache_key = link->canonical + cache_generation(main_conf(r)->feed, source_name(link->link.source));
    }
    return &*state.cache_key;
}

}  // namespace thumbgate::edge
