// How much an owner may keep, and how much may come from an address in a day.
#include "backend/photos/quota.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/photo_service.hpp"

using namespace thumbgate;
using namespace thumbgate::test;
namespace json = boost::json;

namespace {

struct Limited : PhotoService {
    explicit Limited(QuotaConfig limits) : PhotoService(0, false, std::chrono::seconds(0), limits) {}

    Result<thumbgate::Response> try_upload() { return ask("POST", "/api/photos", kJpeg); }
    json::object used() { return ask_json("GET", "/api/sessions/current").at("quota").as_object(); }
    std::uint64_t photos_used() { return used().at("photos").at("used").to_number<std::uint64_t>(); }
    std::uint64_t bytes_used() { return used().at("bytes").at("used").to_number<std::uint64_t>(); }
};

constexpr QuotaConfig kTwoPhotos{.owner_bytes = 0, .owner_photos = 2, .address_bytes = 0, .address_photos = 0};

}  // namespace

TEST_CASE("an owner's quota of photos is named where it ends, before the body is read, and a deletion makes room") {
    Limited f(kTwoPhotos);
    const std::string first = f.upload();
    f.upload();
    const auto refused = f.try_upload();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 403);
    CHECK(refused.error().code == "quota");
    CHECK_THAT(refused.error().message, contains("2 photos"));
    CHECK(f.bytes_read == 0);
    CHECK(json::value(f.used()) == json::parse(R"({"photos":{"used":2,"limit":2},"bytes":{"used":208,"limit":null}})"));
    REQUIRE(f.ask("DELETE", "/api/photos/" + first));
    CHECK(f.photos_used() == 1);
    CHECK(f.try_upload());
}

TEST_CASE("an owner's quota of bytes is kept where the body's length is announced, and where it is not") {
    Limited f({.owner_bytes = 250, .owner_photos = 0, .address_bytes = 0, .address_photos = 0});
    f.upload();
    f.upload();
    CHECK(f.bytes_used() == 208);
    const auto refused = f.try_upload();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "quota");
    CHECK_THAT(refused.error().message, contains("250 bytes"));
    CHECK(f.bytes_read == 0);
    f.announces = false;
    CHECK(f.try_upload().error().code == "quota");
    CHECK(f.bytes_read == kJpeg.size());
    CHECK(f.photos_used() == 2);
}

TEST_CASE("what an owner uses is what the storage holds, whoever changed it") {
    Limited f(kTwoPhotos);
    const std::string photo = f.upload();
    CHECK(f.photos_used() == 1);
    // By another process.
    PhotoStore others(*f.storage, nullptr);
    auto record = *f.photos.find(photo);
    REQUIRE(record);
    PhotoRecord second = *record;
    second.id = new_id();
    second.bytes = 1000;
    auto file = f.storage->make_temp();
    REQUIRE(others.add(second, std::move(*file)));
    CHECK(f.photos_used() == 2);
    CHECK(f.bytes_used() == 1104);
    REQUIRE(others.remove(*record));
    CHECK(f.photos_used() == 1);
    CHECK(f.bytes_used() == 1000);
    // Cut off between the marker and the record.
    REQUIRE(f.storage->put("owners/" + second.owner + "/1700000000000-" + new_id(), std::string_view()));
    CHECK(f.photos_used() == 1);
    f.redis.hashes.clear();
    CHECK(*UsageIndex(f.photos).of(second.owner) == Usage{1, 1000});
}

TEST_CASE("the memory of sizes is bounded, and forgetting them changes nothing") {
    Limited f({.owner_bytes = 0, .owner_photos = 0, .address_bytes = 0, .address_photos = 0});
    for (int i = 0; i < 5; ++i) f.upload();
    UsageIndex small(f.photos, 2);
    const auto owner = json::value_to<std::string>(f.ask_json("GET", "/api/sessions/current").at("owner"));
    for (int i = 0; i < 3; ++i) {
        CHECK(*small.of(owner) == Usage{5, 520});
        CHECK(small.remembered() <= 2);
    }
}

TEST_CASE("uploads at once are not more than uploads one after the other") {
    Limited f(kTwoPhotos);
    f.upload();
    Caller caller;
    caller.owner = json::value_to<std::string>(f.ask_json("GET", "/api/sessions/current").at("owner"));
    thumbgate::Request request;
    auto place = run_coroutine(f.io, f.quotas.take(request, caller, 1));
    REQUIRE(place);
    CHECK(run_coroutine(f.io, f.quotas.take(request, caller, 1)).error().code == "quota");
    CHECK(f.try_upload().error().code == "quota");
    *place = Quotas::Place();
    CHECK(f.try_upload());
}

TEST_CASE("an address's quota is for all owners there together, a day long") {
    Limited f({.owner_bytes = 0, .owner_photos = 0, .address_bytes = 0, .address_photos = 2});
    f.upload();
    std::string other;
    REQUIRE(f.ask("POST", "/api/photos", kJpeg, other));
    std::string third;
    const auto refused = f.ask("POST", "/api/photos", kJpeg, third);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 403);
    CHECK(refused.error().code == "address_quota");
    CHECK_THAT(refused.error().message, contains("2 photos"));
    CHECK(f.bytes_read == 0);
    CHECK(f.try_upload().error().code == "address_quota");
    const auto& expire = *std::ranges::find_if(f.redis.commands, [](const auto& c) {
        return c.front() == "EXPIRE" && c.at(1).starts_with("address_uploads:");
    });
    CHECK(expire.at(2) == "172800");
    f.client = "192.0.2.2";
    CHECK(f.ask("POST", "/api/photos", kJpeg, third));
    f.client = "192.0.2.1";
    REQUIRE(f.ask("POST", "/api/sessions/recovery"));
    CHECK(f.try_upload().error().code == "address_quota");
}

TEST_CASE("what was not stored is not counted against its address") {
    Limited f({.owner_bytes = 250, .owner_photos = 0, .address_bytes = 1000, .address_photos = 3});
    f.upload();
    f.pool.error = Error{422, "corrupt", "The picture is damaged."};
    for (int i = 0; i < 5; ++i) CHECK(f.try_upload().error().code == "corrupt");
    f.pool.error.reset();
    f.upload();
    f.announces = false;
    for (int i = 0; i < 5; ++i) CHECK(f.try_upload().error().code == "quota");
    const auto& counts = f.redis.hashes.begin()->second;
    CHECK(counts.at("photos") == 2);
    CHECK(counts.at("bytes") == 208);
}
