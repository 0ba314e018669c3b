#include "contract/control_feed.hpp"

#include <array>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"begin", "purge", "revoke_link", "end_session"};

std::string_view name_of(FeedEventKind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

bool is_revocation(FeedEventKind kind) {
    return kind == FeedEventKind::revoke_link || kind == FeedEventKind::end_session;
}

std::optional<FeedEventKind> kind_of(std::string_view text) {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
        if (kKinds[i] == text) return static_cast<FeedEventKind>(i);
    }
    return std::nullopt;
}

// Empty where there is none.
std::string_view value_of(std::span<const std::string> fields, std::string_view name) {
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        if (fields[i] == name) return fields[i + 1];
    }
    return {};
}

}  // namespace

std::string StreamId::text() const {
    return std::to_string(ms) + "-" + std::to_string(sequence);
}

std::optional<StreamId> StreamId::parse(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto ms = parse_decimal(text.substr(0, dash), UINT64_MAX);
    const auto sequence = parse_decimal(text.substr(dash + 1), UINT64_MAX);
    if (!ms || !sequence) return std::nullopt;
    return StreamId{*ms, *sequence};
}

std::optional<FeedEvent> parse_feed_event(std::span<const std::string> fields_and_values) {
    const auto kind = kind_of(value_of(fields_and_values, "type"));
    if (!kind) return std::nullopt;
    FeedEvent event{*kind, std::string(value_of(fields_and_values, "name")), 0};
    if (*kind == FeedEventKind::begin) return event;
    if (event.name.empty() || event.name.size() > kMaxFeedName) return std::nullopt;
    if (!is_revocation(*kind)) return event;
    const auto expires = parse_decimal(value_of(fields_and_values, "expires"), INT64_MAX);
    if (!expires) return std::nullopt;
    event.expires = *expires;
    return event;
}

std::string revoked_name(const FeedEvent& event) {
    return (event.kind == FeedEventKind::revoke_link ? "lid:" : "sid:") + event.name;
}

std::vector<std::vector<std::string>> announce(const FeedEvent& event, std::uint64_t now_ms) {
    const std::uint64_t oldest = now_ms > kFeedRetentionMs ? now_ms - kFeedRetentionMs : 0;
    const std::string feed(kFeedKey);
    const std::string revoked(kRevokedKey);
    std::vector<std::string> entry{
        "XADD", feed,      "MINID", "~", std::to_string(oldest), "*", "type", std::string(name_of(event.kind)),
        "name", event.name};
    std::vector<std::vector<std::string>> commands;
    // The set first: who reads it later needs no entry, and who follows the entries needs no set.
    if (is_revocation(event.kind)) {
        entry.insert(entry.end(), {"expires", std::to_string(event.expires)});
        commands.push_back({"ZADD", revoked, "GT", std::to_string(event.expires), revoked_name(event)});
        commands.push_back({"ZREMRANGEBYSCORE", revoked, "-inf", "(" + std::to_string(now_ms / 1000)});
    }
    commands.push_back(std::move(entry));
    return commands;
}

}  // namespace thumbgate
