// Links in the storage: there with their record, gone with their revocation.
#include "backend/photos/link_store.hpp"

#include <algorithm>

#include "backend/storage/file_store.hpp"
#include "backend/units.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::uint64_t kWeek = 7 * 86'400;

struct Fixture {
    TempDir dir;
    std::unique_ptr<FileStore> storage = std::move(*FileStore::make(dir / "photos"));
    LinkStore links{*storage};
    std::string owner = new_id();

    LinkRecord add(std::uint64_t created = 100, std::uint64_t expires = 2000) {
        LinkRecord link;
        link.id = new_id();
        link.owner = owner;
        link.photos = {new_id()};
        link.created = created;
        link.expires = expires;
        REQUIRE(links.add(link));
        return link;
    }

    bool is_there(const LinkRecord& link) {
        const auto found = links.find(link.id);
        REQUIRE(found);
        return found->has_value();
    }

    std::vector<LinkRecord> listed(std::uint64_t now) {
        const auto list = links.list(owner, now);
        REQUIRE(list);
        return *list;
    }

    std::size_t files() const {
        auto files = files_below(dir / "photos");
        return static_cast<std::size_t>(
            std::ranges::count_if(files, [](const std::string& f) { return !f.starts_with("tmp/"); }));
    }
};

}  // namespace

TEST_CASE("a link that was added is found as it was, and listed for its owner, the oldest first") {
    Fixture f;
    const LinkRecord second = f.add(200, 3000);
    const LinkRecord first = f.add(100, 2000);
    CHECK(**f.links.find(first.id) == first);
    CHECK(f.listed(2000) == std::vector{first, second});
    CHECK(f.listed(2001) == std::vector{second});
    CHECK(f.links.list(new_id(), 1)->empty());
}

TEST_CASE("a link that has expired is found for a week, and then forgotten") {
    Fixture f;
    const LinkRecord link = f.add(100, 2000);
    CHECK(f.listed(2000 + kWeek).empty());
    CHECK(f.is_there(link));
    CHECK(f.listed(2001 + kWeek).empty());
    CHECK_FALSE(f.is_there(link));
    CHECK(f.files() == 0);
}

TEST_CASE("a revoked link is gone, and its revocation is remembered until the link would have ended") {
    Fixture f;
    const LinkRecord link = f.add(100, 2000);
    const LinkRecord other = f.add(100, 2000);
    REQUIRE(f.links.revoke(link));
    CHECK_FALSE(f.is_there(link));
    CHECK(f.is_there(other));
    CHECK(f.listed(100) == std::vector{other});
    CHECK(*f.links.revocations(2000) == std::vector{Revocation{link.id, 2000}});
    CHECK(f.links.revocations(2001)->empty());
    CHECK(f.files() == 2);  // the other one's
}

TEST_CASE("a revocation that was interrupted counts, and is finished at the next start") {
    Fixture f;
    const LinkRecord link = f.add();
    REQUIRE(f.storage->put("revoked_links/" + link.id, encode(link)));
    CHECK_FALSE(f.is_there(link));
    CHECK(f.listed(100).empty());
    CHECK(f.links.revocations(100)->size() == 1);
    CHECK(f.files() == 1);
}

TEST_CASE("without its record a link is not there, and what marks it goes when none can come any more") {
    Fixture f;
    const LinkRecord link = f.add(100, 1'000'000);
    REQUIRE(f.storage->remove("shared_links/" + link.id));
    CHECK(f.listed(3700).empty());
    CHECK(f.files() == 1);
    CHECK(f.listed(3701).empty());
    CHECK(f.files() == 0);
}

TEST_CASE("a link whose adding is given up leaves nothing") {
    Fixture f;
    std::stop_source nobody_waits;
    nobody_waits.request_stop();
    LinkRecord link;
    link.id = new_id();
    link.owner = f.owner;
    link.photos = {new_id()};
    CHECK(f.links.add(link, nobody_waits.get_token()).error().code == "storage_timeout");
    CHECK(f.files() == 0);
}

TEST_CASE("an owner has only so many links, and those that ended do not count") {
    Fixture f;
    LinkStore links(*f.storage, 2);
    f.add(100, 200);
    f.add(100, 2000);
    LinkRecord link;
    link.id = new_id();
    link.owner = f.owner;
    link.photos = {new_id()};
    link.created = 201;
    link.expires = 2000;
    CHECK(links.add(link));
    link.id = new_id();
    CHECK(links.add(link).error().code == "too_many_links");
    link.owner = new_id();
    CHECK(links.add(link));
}

TEST_CASE("one damaged record hides no other link, and what is no id names nothing") {
    Fixture f;
    const LinkRecord link = f.add();
    const LinkRecord damaged = f.add();
    REQUIRE(f.storage->put("shared_links/" + damaged.id, std::string_view("{}")));
    CHECK(f.listed(100) == std::vector{link});
    for (const char* id : {"", "x", "../../etc"}) CHECK_FALSE(f.links.find(id)->has_value());
}
