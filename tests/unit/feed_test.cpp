// The control feed's core at the edge: what was announced is known, whatever was killed, cut off or sent instead.
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "nginx-module/feed/follower.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::edge;
using thumbgate::test::read_file;
using thumbgate::test::TempDir;
using thumbgate::test::write_file;

namespace {

constexpr std::uint64_t kNowMs = 1'800'000'000'000;
constexpr std::uint64_t kNow = kNowMs / 1000;

// Memory as a zone has it, with a state in it.
struct Memory {
    explicit Memory(std::size_t bytes = 1 << 20) : words(bytes / 64) { FeedState::format(span()); }
    std::span<std::uint8_t> span() { return {reinterpret_cast<std::uint8_t*>(words.data()), words.size() * 64}; }
    struct alignas(64) Line {
        std::array<std::uint8_t, 64> bytes;
    };
    std::vector<Line> words;
};

FeedPosition at(std::uint64_t ms, std::uint64_t sequence = 0) {
    return *position_of({ms, sequence});
}

FeedEvent purge(const std::string& name) {
    return {FeedEventKind::purge, name, 0};
}

RedisReply text(const std::string& value) {
    return {RedisReply::Type::text, value, 0, {}};
}
RedisReply list(std::vector<RedisReply> items) {
    return {RedisReply::Type::list, "", 0, std::move(items)};
}
RedisReply entry(const std::string& id, const std::vector<std::string>& fields) {
    std::vector<RedisReply> items;
    for (const std::string& field : fields) items.push_back(text(field));
    return list({text(id), list(items)});
}
RedisReply purge_entry(const std::string& id, const std::string& name) {
    return entry(id, {"type", "purge", "name", name});
}
RedisReply news(std::vector<RedisReply> entries) {
    return list({list({text("thumbgate:feed"), list(std::move(entries))})});
}
const RedisReply kNothing{};

struct Fixture {
    Memory memory;
    FeedState state{memory.span()};
    TempDir dir;
    Journal journal{(dir.path() / "feed.state").string()};
    std::vector<std::string> complaints;
    Follower follower = connect();

    Follower connect(const std::string& password = "") {
        return {state, journal, password, [this](const std::string& error) { complaints.push_back(error); }};
    }
    std::string command() const {
        std::string line;
        for (const std::string& word : follower.next_command()) line += (line.empty() ? "" : " ") + word;
        return line;
    }
    bool take(const RedisReply& reply) { return follower.take(reply, kNowMs).has_value(); }
    // To where an edge is that starts for the first time.
    void follow_from(const RedisReply& newest) {
        REQUIRE(take(newest));
        REQUIRE(take(list({text("0"), list({})})));
        REQUIRE(follower.is_current());
    }
};

}  // namespace

TEST_CASE("a stream id is read as Redis writes it, and nothing else is one") {
    CHECK(StreamId::parse("1700000000000-3") == StreamId{1'700'000'000'000, 3});
    CHECK(StreamId{5, 6}.text() == "5-6");
    for (const char* bad : {"", "-", "1", "1-", "-1", "1-x", "1-2-3", "99999999999999999999-0", " 1-2"}) {
        INFO(bad);
        CHECK_FALSE(StreamId::parse(bad));
    }
    CHECK(stream_id_of(at(kNowMs, 7)) == StreamId{kNowMs, 7});
    CHECK(at(1, 5) < at(2, 0));
    CHECK_FALSE(position_of({kNowMs, 1 << 20}));
    CHECK_FALSE(position_of({UINT64_MAX, 0}));
}

TEST_CASE("an event is read back as it was announced, and an entry that is none is nothing") {
    for (const FeedEvent& event : {purge("abc"), FeedEvent{FeedEventKind::revoke_link, "l1", 99},
                                   FeedEvent{FeedEventKind::end_session, "0f", 7}, FeedEvent{}}) {
        const auto commands = announce(event, kNowMs);
        const auto& xadd = commands.back();
        REQUIRE(xadd.at(0) == "XADD");
        CHECK(parse_feed_event(std::span(xadd).subspan(6)) == event);
    }
    using Fields = std::vector<std::string>;
    for (const Fields& bad : {Fields{}, Fields{"type"}, Fields{"type", "explode", "name", "a"}, Fields{"type", "purge"},
                              Fields{"type", "purge", "name", ""}, Fields{"type", "revoke_link", "name", "a"},
                              Fields{"type", "end_session", "name", "a", "expires", "soon"},
                              Fields{"type", "purge", "name", std::string(kMaxFeedName + 1, 'a')}}) {
        CHECK_FALSE(parse_feed_event(bad));
    }
}

TEST_CASE("a purge gives its source a generation of its own, and a later one another") {
    Memory memory;
    FeedState state(memory.span());
    CHECK(state.generation("a") == 0);
    state.apply(at(kNowMs), purge("a"), kNowMs);
    CHECK(state.generation("a") == at(kNowMs));
    CHECK(state.generation("b") == 0);
    state.apply(at(kNowMs + 1), purge("a"), kNowMs);
    CHECK(state.generation("a") == at(kNowMs + 1));
    CHECK(state.position() == at(kNowMs + 1));
    CHECK(state.generations_held() == 1);
}

TEST_CASE("every name is found by every reader while the table fills, drops what is old and turns") {
    std::vector<FingerprintSlot> slots(2 * 1024);
    FingerprintTable::Header header{};
    FingerprintTable writer(header, slots);
    std::atomic<std::uint64_t> oldest = 1;
    std::atomic<std::uint64_t> newest = 0;
    std::atomic<bool> done = false;
    std::atomic<int> missing = 0;
    std::thread reader([&] {
        const FingerprintTable table(header, slots);
        std::mt19937_64 random(1);
        while (!done) {
            const std::uint64_t to = newest;
            const std::uint64_t from = oldest;
            if (to < from) continue;
            const std::uint64_t number = from + random() % (to - from + 1);
            const std::uint64_t value = table.find(fingerprint_of(std::to_string(number)));
            if (value != number && number >= oldest) ++missing;
        }
    });
    for (std::uint64_t number = 1; number < 200'000; ++number) {
        const std::uint64_t keep = number > 500 ? number - 500 : 1;
        oldest = keep;
        REQUIRE(writer.put(fingerprint_of(std::to_string(number)), number, keep));
        newest = number;
    }
    done = true;
    reader.join();
    CHECK(missing == 0);
    CHECK(header.turns > 100);
}

TEST_CASE("a table that is full of what must stay says so, and keeps it") {
    std::vector<FingerprintSlot> slots(2 * 64);
    FingerprintTable::Header header{};
    FingerprintTable table(header, slots);
    std::uint64_t stored = 0;
    while (table.put(fingerprint_of(std::to_string(stored)), 1, 0)) ++stored;
    CHECK(stored == 48);
    for (std::uint64_t i = 0; i < stored; ++i) CHECK(table.find(fingerprint_of(std::to_string(i))) == 1);
    CHECK(table.put(fingerprint_of("0"), 2, 0));
    table.clear();
    CHECK(table.used() == 0);
    CHECK(table.find(fingerprint_of("0")) == 0);
}

TEST_CASE("more purges than there is room for start a new epoch, and revocations without room are not known") {
    Memory memory(kMinFeedMemory);
    FeedState state(memory.span());
    state.set_knows_revocations(true);
    const std::uint64_t epoch = state.epoch();
    for (std::uint64_t i = 0; i < 2000; ++i) state.apply(at(kNowMs, i), purge(std::to_string(i)), kNowMs);
    CHECK(state.epoch() != epoch);
    CHECK(state.knows_revocations());
    for (std::uint64_t i = 0; i < 2000; ++i) {
        state.apply(at(kNowMs + 1, i), FeedEvent{FeedEventKind::revoke_link, std::to_string(i), kNow + 9}, kNowMs);
    }
    CHECK_FALSE(state.knows_revocations());
}

TEST_CASE("a journal with more purges than there is room for restores none, since a part would lie") {
    Fixture f;
    f.follow_from(list({}));
    for (std::uint64_t i = 0; i < 2000; ++i) {
        REQUIRE(f.take(news({purge_entry(StreamId{kNowMs, i + 1}.text(), std::to_string(i))})));
    }
    Memory small(kMinFeedMemory);
    FeedState restored(small.span());
    const std::uint64_t epoch = restored.epoch();
    CHECK_FALSE(*Journal::load((f.dir.path() / "feed.state").string(), restored));
    CHECK(restored.epoch() != epoch);
    CHECK(restored.epoch() != f.state.epoch());
    CHECK(restored.position() == 0);
    CHECK(restored.generations_held() == 0);
}

TEST_CASE("a journal that is written anew has its purges in the feed's order") {
    Fixture f;
    f.follow_from(list({}));
    for (std::uint64_t i = 0; i < 50; ++i) {
        REQUIRE(f.take(news({purge_entry(StreamId{kNowMs, i + 1}.text(), std::to_string(i))})));
    }
    f.journal.close();
    REQUIRE(f.take(news({purge_entry(StreamId{kNowMs + 1, 1}.text(), "last")})));
    const std::string whole = read_file(f.dir.path() / "feed.state");
    for (std::size_t size = 0; size < whole.size(); size += 7) {
        Memory other;
        FeedState restored(other.span());
        if (!restore_journal(whole.substr(0, size), restored)) continue;
        for (std::uint64_t i = 0; i < 50; ++i) {
            if (at(kNowMs, i + 1) <= restored.position()) CHECK(restored.generation(std::to_string(i)) != 0);
        }
    }
}

TEST_CASE("revocations without room stop no purge, and are known again when there is room") {
    Memory memory(kMinFeedMemory);
    FeedState state(memory.span());
    TempDir dir;
    Journal journal((dir.path() / "feed.state").string());
    std::vector<std::string> complaints;
    Follower follower(state, journal, "", [&](const std::string& error) { complaints.push_back(error); });
    REQUIRE(follower.take(list({}), kNowMs));
    std::vector<RedisReply> members;
    for (int i = 0; i < 2000; ++i) {
        members.push_back(text("lid:" + std::to_string(i)));
        members.push_back(text(std::to_string(kNow + 20)));
    }
    REQUIRE(follower.take(list({text("0"), list(members)}), kNowMs));
    CHECK_FALSE(state.knows_revocations());
    REQUIRE(complaints.size() == 1);
    CHECK(follower.is_current());
    REQUIRE(follower.take(news({purge_entry("1800000000000-2", "a")}), kNowMs));
    CHECK(state.generation("a") != 0);
    // Later they have ended.
    REQUIRE(follower.take(kNothing, kNowMs + 60'000));
    CHECK(follower.next_command().front() == "ZSCAN");
    REQUIRE(follower.take(list({text("0"), list(members)}), kNowMs + 60'000));
    CHECK(state.knows_revocations());
    CHECK(follower.next_command().front() == "XREAD");
}

TEST_CASE("a server that quotes a refused password does not bring it into the log") {
    Fixture f;
    Follower follower = f.connect("hush");
    const auto taken = follower.take(std::unexpected("ERR unknown command 'AUTH', with args: 'hush'"), kNowMs);
    REQUIRE_FALSE(taken);
    CHECK_THAT(taken.error(), !thumbgate::test::contains("hush"));
}

TEST_CASE("a link is revoked until it would have ended, and a session likewise") {
    Fixture f;
    f.state.apply(at(kNowMs), FeedEvent{FeedEventKind::revoke_link, "l1", kNow + 10}, kNowMs);
    f.state.apply(at(kNowMs, 1), FeedEvent{FeedEventKind::end_session, "0f", kNow + 10}, kNowMs);
    f.state.apply(at(kNowMs, 2), FeedEvent{FeedEventKind::revoke_link, "over", kNow - 1}, kNowMs);
    CHECK(f.state.is_revoked("lid:l1"));
    CHECK(f.state.is_revoked("sid:0f"));
    CHECK_FALSE(f.state.is_revoked("lid:0f"));
    CHECK_FALSE(f.state.is_revoked("lid:over"));
}

TEST_CASE("an edge that was never here begins with the newest entry, a new epoch and every revocation") {
    Fixture f;
    const std::uint64_t epoch = f.state.epoch();
    CHECK(f.command() == "XREVRANGE thumbgate:feed + - COUNT 1");
    REQUIRE(f.take(list({purge_entry("1800000000000-1", "a")})));
    CHECK(f.state.epoch() != epoch);
    CHECK(f.command() == "ZSCAN thumbgate:revoked 0 COUNT 1000");
    REQUIRE(f.take(list({text("17"), list({text("lid:a"), text("1800000100"), text("lid:old"), text("5")})})));
    CHECK_FALSE(f.state.knows_revocations());
    CHECK(f.command() == "ZSCAN thumbgate:revoked 17 COUNT 1000");
    REQUIRE(f.take(list({text("0"), list({text("sid:b"), text("1.8000002e+09")})})));
    CHECK(f.state.knows_revocations());
    CHECK(f.state.is_revoked("lid:a"));
    CHECK(f.state.is_revoked("sid:b"));
    CHECK_FALSE(f.state.is_revoked("lid:old"));
    CHECK(f.command() == "XREAD COUNT 256 BLOCK 500 STREAMS thumbgate:feed 1800000000000-1");
    REQUIRE(f.take(kNothing));
    REQUIRE(f.take(news({purge_entry("1800000000000-2", "x"), entry("1800000000000-3", {"type", "of later"})})));
    CHECK(f.state.generation("x") == at(kNowMs, 2));
    CHECK(f.state.position() == at(kNowMs, 3));
    CHECK(f.state.figures().skipped == 1);
}

TEST_CASE("an edge whose last entry is still there goes on, and one whose is not begins anew") {
    Fixture f;
    f.follow_from(list({purge_entry("1800000000000-1", "a")}));
    REQUIRE(f.take(news({purge_entry("1800000000000-2", "x")})));
    const std::uint64_t epoch = f.state.epoch();
    Follower next = f.connect();
    CHECK(next.next_command() == RedisCommand{"XRANGE", "thumbgate:feed", "1800000000000-2", "1800000000000-2"});
    SECTION("still there") {
        REQUIRE(next.take(list({purge_entry("1800000000000-2", "x")}), kNowMs));
        CHECK(f.state.epoch() == epoch);
        CHECK(f.state.generation("x") != 0);
        CHECK(next.next_command().front() == "ZSCAN");
    }
    SECTION("trimmed") {
        REQUIRE(next.take(list({}), kNowMs));
        CHECK(next.next_command().front() == "XREVRANGE");
        REQUIRE(next.take(list({}), kNowMs));
        CHECK(f.state.epoch() != epoch);
        CHECK(f.state.generation("x") == 0);
    }
}

TEST_CASE("a password is sent first, and a refusal ends the connection") {
    Fixture f;
    Follower follower = f.connect("hush");
    CHECK(follower.next_command() == RedisCommand{"AUTH", "hush"});
    CHECK_FALSE(follower.take(std::unexpected("WRONGPASS"), kNowMs));
    REQUIRE(follower.take(text("OK"), kNowMs));
    CHECK(follower.next_command().front() == "XREVRANGE");
}

TEST_CASE("an answer that Redis would not give ends the connection and changes nothing") {
    Fixture f;
    SECTION("about the newest entry") {
        CHECK_FALSE(f.take(text("PONG")));
        CHECK_FALSE(f.take(list({text("1-1")})));
        CHECK_FALSE(f.take(list({entry("noon", {})})));
        CHECK_FALSE(f.take(list({entry("1-1", {}), entry("1-2", {})})));
        CHECK(f.state.position() == 0);
    }
    SECTION("about the revocations") {
        REQUIRE(f.take(list({})));
        CHECK_FALSE(f.take(list({})));
        CHECK_FALSE(f.take(list({text("0"), list({text("odd")})})));
        CHECK_FALSE(f.take(list({text("0"), list({text("a"), text("soon")})})));
        CHECK_FALSE(f.take(list({text("0"), list({text("a"), text("nan")})})));
        CHECK_FALSE(f.state.knows_revocations());
    }
    SECTION("about the news") {
        f.follow_from(list({purge_entry("1800000000000-5", "a")}));
        const std::uint64_t position = f.state.position();
        CHECK_FALSE(f.take(text("OK")));
        CHECK_FALSE(f.take(list({list({text("s"), text("t")})})));
        CHECK_FALSE(f.take(news({purge_entry("1800000000000-4", "back in time")})));
        CHECK_FALSE(f.take(news({purge_entry("99999999999999999-1", "ahead of time")})));
        CHECK(f.state.position() == position);
    }
}

TEST_CASE("a journal brings back purges, epoch and place") {
    Fixture f;
    f.follow_from(list({purge_entry("1800000000000-1", "before")}));
    REQUIRE(f.take(news({purge_entry("1800000000000-2", "a"), purge_entry("1800000000000-3", "b")})));
    REQUIRE(f.take(news({entry("1800000000000-4", {"type", "begin", "name", ""})})));
    Memory other;
    FeedState restored(other.span());
    REQUIRE(*Journal::load((f.dir.path() / "feed.state").string(), restored));
    CHECK(restored.epoch() == f.state.epoch());
    CHECK(restored.position() == f.state.position());
    CHECK(restored.generation("a") == at(kNowMs, 2));
    CHECK(restored.generation("b") == at(kNowMs, 3));
    CHECK(restored.generation("before") == 0);
    CHECK_FALSE(restored.knows_revocations());
}

TEST_CASE("a journal that was cut off anywhere brings back what stands before the cut") {
    Fixture f;
    f.follow_from(list({purge_entry("1800000000000-1", "before")}));
    REQUIRE(f.take(news({purge_entry("1800000000000-2", "a"), purge_entry("1800000000000-3", "b")})));
    const std::string whole = read_file(f.dir.path() / "feed.state");
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        Memory other;
        FeedState restored(other.span());
        const bool is_restored = restore_journal(whole.substr(0, size), restored);
        CHECK((restored.generation("b") == 0 || restored.generation("a") != 0));
        CHECK(is_restored == (restored.position() != 0));
        if (size == whole.size()) CHECK(restored.generation("b") == at(kNowMs, 3));
    }
}

TEST_CASE("a journal is written anew when most of it is outdated") {
    Fixture f;
    f.follow_from(list({}));
    for (std::uint64_t i = 1; i <= 40; ++i) {
        std::vector<RedisReply> entries;
        for (std::uint64_t j = 0; j < 250; ++j) {
            entries.push_back(purge_entry(StreamId{kNowMs + i, j}.text(), "always the same"));
        }
        REQUIRE(f.take(news(entries)));
    }
    CHECK(std::filesystem::file_size(f.dir.path() / "feed.state") < 300'000);
    Memory other;
    FeedState restored(other.span());
    REQUIRE(*Journal::load((f.dir.path() / "feed.state").string(), restored));
    CHECK(restored.generation("always the same") == f.state.generation("always the same"));
}

TEST_CASE("a line that a full disk cut off costs nothing: the next write is whole") {
    Fixture f;
    const std::string path = (f.dir.path() / "feed.state").string();
    f.follow_from(list({purge_entry("1800000000000-1", "before")}));
    REQUIRE(f.take(news({purge_entry("1800000000000-2", "a")})));
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
    const rlimit full{std::filesystem::file_size(path) + 10, limit.rlim_max};
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
    const bool followed = f.take(news({purge_entry("1800000000000-3", "b")}));
    const bool followed_on = f.take(news({purge_entry("1800000000000-4", "c")}));
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, old_handler);
    CHECK(followed);
    CHECK(followed_on);
    CHECK(f.complaints.size() == 2);
    const auto restored = [&](const std::string& name) {
        Memory other;
        FeedState state(other.span());
        REQUIRE(*Journal::load(path, state));
        return state.generation(name);
    };
    CHECK(restored("a") == at(kNowMs, 2));
    CHECK(restored("b") == 0);
    REQUIRE(f.take(news({purge_entry("1800000000000-5", "d")})));
    for (const char* name : {"a", "b", "c", "d"}) CHECK(restored(name) != 0);
}

TEST_CASE("where the journal cannot be written the feed is followed, and the reason is told") {
    Fixture f;
    std::filesystem::create_directory(f.dir.path() / "feed.state");
    f.follow_from(list({}));
    REQUIRE(f.take(news({purge_entry("1800000000000-2", "a")})));
    CHECK(f.state.generation("a") != 0);
    REQUIRE_FALSE(f.complaints.empty());
    CHECK_THAT(f.complaints.front(), thumbgate::test::contains("feed.state"));
    std::filesystem::remove(f.dir.path() / "feed.state");
    REQUIRE(f.take(news({purge_entry("1800000000000-3", "b")})));
    Memory other;
    FeedState restored(other.span());
    REQUIRE(*Journal::load((f.dir.path() / "feed.state").string(), restored));
    CHECK(restored.generation("a") != 0);
    CHECK(restored.generation("b") != 0);
}
