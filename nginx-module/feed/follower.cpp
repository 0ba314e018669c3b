#include "nginx-module/feed/follower.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace thumbgate::edge {
namespace {

constexpr std::size_t kEntriesAtOnce = 256;
constexpr std::uint64_t kRescanMs = 10'000;  // between attempts to know every revocation again
constexpr std::string_view kMembersAtOnce = "1000";

using Taken = std::expected<void, std::string>;
using Type = RedisReply::Type;

std::unexpected<std::string> unlike(std::string_view command) {
    return std::unexpected("the answer to " + std::string(command) + " is not what Redis answers");
}

bool is_list(const RedisReply& reply, std::size_t size) {
    return reply.type == Type::list && reply.list.size() == size;
}

// An entry is [id, [field, value, …]].
std::optional<FeedPosition> position_of_entry(const RedisReply& entry) {
    if (!is_list(entry, 2) || entry.list[0].type != Type::text || entry.list[1].type != Type::list) return std::nullopt;
    const auto id = StreamId::parse(entry.list[0].text);
    return id ? position_of(*id) : std::nullopt;
}

std::vector<std::string> texts_of(const RedisReply& list) {
    std::vector<std::string> texts;
    texts.reserve(list.list.size());
    for (const RedisReply& item : list.list) texts.push_back(item.text);
    return texts;
}

// A score as Redis writes it: "1700000000", or "1.7e+20". nullopt: it has ended, or is no number.
std::optional<std::uint64_t> seconds_of_score(std::string_view text) {
    double score = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), score);
    if (error != std::errc() || end != text.data() + text.size() || std::isnan(score)) return std::nullopt;
    constexpr double max = 9e18;
    return score <= 0 ? 0 : score >= max ? static_cast<std::uint64_t>(INT64_MAX) : static_cast<std::uint64_t>(score);
}

}  // namespace

Follower::Follower(FeedState& state, Journal& journal, std::string password,
                   std::function<void(const std::string&)> complain)
    : state_(state),
      journal_(journal),
      password_(std::move(password)),
      complain_(std::move(complain)),
      step_(!password_.empty()      ? Step::authenticate
            : state.position() != 0 ? Step::find_place
                                    : Step::find_newest) {}

RedisCommand Follower::next_command() const {
    const std::string feed(kFeedKey);
    const std::string place = stream_id_of(state_.position()).text();
    switch (step_) {
        case Step::authenticate:
            return {"AUTH", password_};
        case Step::find_place:
            return {"XRANGE", feed, place, place};
        case Step::find_newest:
            return {"XREVRANGE", feed, "+", "-", "COUNT", "1"};
        case Step::read_revoked:
            return {"ZSCAN", std::string(kRevokedKey), cursor_, "COUNT", std::string(kMembersAtOnce)};
        case Step::follow:
            break;
    }
    return {"XREAD", "COUNT", std::to_string(kEntriesAtOnce), "BLOCK", std::to_string(kFeedBlockMs), "STREAMS",
            feed,    place};
}

Taken Follower::take(const RedisParser::Answer& answer, std::uint64_t now_ms) {
    // An old server's refusal may quote the password.
    if (!answer && step_ == Step::authenticate) return std::unexpected("the password is refused");
    if (!answer) return std::unexpected("Redis refuses: " + answer.error());
    switch (step_) {
        case Step::authenticate:
            step_ = state_.position() != 0 ? Step::find_place : Step::find_newest;
            return {};
        case Step::find_place:
            return take_place(*answer);
        case Step::find_newest:
            return take_newest(*answer);
        case Step::read_revoked:
            return take_revoked(*answer, now_ms);
        case Step::follow:
            break;
    }
    return take_news(*answer, now_ms);
}

Taken Follower::take_place(const RedisReply& reply) {
    if (reply.type != Type::list) return unlike("XRANGE");
    const bool still_there = reply.list.size() == 1 && position_of_entry(reply.list[0]) == state_.position();
    step_ = still_there ? Step::read_revoked : Step::find_newest;
    return {};
}

Taken Follower::take_newest(const RedisReply& reply) {
    if (reply.type != Type::list || reply.list.size() > 1) return unlike("XREVRANGE");
    FeedPosition newest = 0;
    if (!reply.list.empty()) {
        const auto position = position_of_entry(reply.list[0]);
        if (!position) return unlike("XREVRANGE");
        newest = *position;
    }
    state_.start_epoch(newest);
    step_ = Step::read_revoked;
    write_journal();
    return {};
}

Taken Follower::take_revoked(const RedisReply& reply, std::uint64_t now_ms) {
    if (!is_list(reply, 2) || reply.list[0].type != Type::text || reply.list[1].type != Type::list ||
        reply.list[1].list.size() % 2 != 0) {
        return unlike("ZSCAN");
    }
    const auto& members = reply.list[1].list;
    for (std::size_t i = 0; i < members.size(); i += 2) {
        const auto expires = seconds_of_score(members[i + 1].text);
        if (!expires) return unlike("ZSCAN");
        has_room_ = state_.add_revocation(members[i].text, *expires, now_ms) && has_room_;
    }
    cursor_ = reply.list[0].text;
    if (cursor_ != "0") return {};
    state_.set_knows_revocations(has_room_);
    if (!has_room_)
        complain_("size= of thumb_feed has no room for every revoked link: links with lid or sid are refused");
    rescan_at_ms_ = now_ms + kRescanMs;
    step_ = Step::follow;
    return {};
}

// What was given up for want of room may have room by now. Purges are followed all the while.
void Follower::rescan_if_needed(std::uint64_t now_ms) {
    if (state_.knows_revocations() || now_ms < rescan_at_ms_) return;
    cursor_ = "0";
    has_room_ = true;
    step_ = Step::read_revoked;
}

// [[stream, [entry, …]]], or nil when there was no news.
Taken Follower::take_news(const RedisReply& reply, std::uint64_t now_ms) {
    if (reply.type == Type::nil) {
        state_.figures().current_at_ms.store(now_ms);
        rescan_if_needed(now_ms);
        return {};
    }
    if (!is_list(reply, 1) || !is_list(reply.list[0], 2) || reply.list[0].list[1].type != Type::list) {
        return unlike("XREAD");
    }
    for (const RedisReply& entry : reply.list[0].list[1].list) {
        if (auto applied = apply(entry, now_ms); !applied) return applied;
    }
    if (reply.list[0].list[1].list.size() < kEntriesAtOnce) state_.figures().current_at_ms.store(now_ms);
    write_journal();
    rescan_if_needed(now_ms);
    return {};
}

void Follower::write_journal() {
    if (const auto written = journal_.write(state_); !written) complain_(written.error());
}

Taken Follower::apply(const RedisReply& entry, std::uint64_t now_ms) {
    const auto position = position_of_entry(entry);
    if (!position || *position <= state_.position()) return unlike("XREAD");
    const auto event = parse_feed_event(texts_of(entry.list[1]));
    state_.apply(*position, event, now_ms);
    const bool is_purge = event && event->kind == FeedEventKind::purge;
    journal_.note(*position, is_purge ? std::optional(fingerprint_of(event->name)) : std::nullopt);
    return {};
}

}  // namespace thumbgate::edge
