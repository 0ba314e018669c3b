// Which part of a body a request asks for.
#include "backend/http/range.hpp"

#include "tests/support/catch.hpp"

using namespace thumbgate;
using Kind = RangeChoice::Kind;

namespace {

constexpr std::string_view kTag = "\"v1\"";

RangeChoice choose(std::vector<Header> headers, std::uint64_t size = 1000, std::string method = "GET") {
    thumbgate::Request request;
    request.method = std::move(method);
    request.headers = std::move(headers);
    return choose_range(request, size, kTag);
}

RangeChoice range(const std::string& value, std::uint64_t size = 1000) {
    return choose({{"Range", value}}, size);
}

bool is_whole(const RangeChoice& choice) {
    return choice.kind == Kind::whole && choice.range == ByteRange{0, 1000};
}

}  // namespace

TEST_CASE("one range of bytes is that part of the body, as far as there is one") {
    CHECK(range("bytes=0-0").range == ByteRange{0, 1});
    CHECK(range("bytes=0-999").range == ByteRange{0, 1000});
    CHECK(range("bytes=100-199").range == ByteRange{100, 100});
    CHECK(range("bytes=999-").range == ByteRange{999, 1});
    CHECK(range("bytes=990-5000").range == ByteRange{990, 10});
    CHECK(range("bytes=-1").range == ByteRange{999, 1});
    CHECK(range("bytes=-5000").range == ByteRange{0, 1000});
    CHECK(range("Bytes = 1-2").kind == Kind::whole);
    CHECK(range(" BYTES= 1-2 ").range == ByteRange{1, 2});
    CHECK(range("bytes=00000000000000000000000000005-5").range == ByteRange{5, 1});
    CHECK(range("bytes=5-99999999999999999999999999999").range == ByteRange{5, 995});
    for (const char* part : {"bytes=0-0", "bytes=0-999", "bytes=-1", "bytes=999-"}) {
        CHECK(range(part).kind == Kind::part);
    }
}

TEST_CASE("a range in which there is nothing is not satisfiable") {
    for (const char* none : {"bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999999-"}) {
        CHECK(range(none).kind == Kind::none);
    }
    CHECK(range("bytes=0-", 0).kind == Kind::none);
    CHECK(range("bytes=-5", 0).kind == Kind::none);
}

TEST_CASE("what is not one range of bytes is passed over") {
    for (const char* text : {"", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=5-4", "bytes=a-b", "bytes=1-2x",
                             "bytes=+1-2", "bytes=0-1,5-6", "bytes=--5", "items=0-1", "bytes=1 -2", "bytes=-5-"}) {
        INFO(text);
        CHECK(is_whole(range(text)));
    }
    CHECK(is_whole(choose({})));
    CHECK(is_whole(choose({{"Range", "bytes=0-1"}, {"Range", "bytes=5-6"}})));
    CHECK(is_whole(choose({{"Range", "bytes=0-1"}}, 1000, "HEAD")));
}

TEST_CASE("a range counts only for the version that If-Range names") {
    CHECK(choose({{"Range", "bytes=0-1"}, {"If-Range", std::string(kTag)}}).kind == Kind::part);
    for (const char* other : {"\"v2\"", "W/\"v1\"", "Tue, 15 Nov 1994 12:45:26 GMT"}) {
        CHECK(is_whole(choose({{"Range", "bytes=0-1"}, {"If-Range", other}})));
    }
    // Then an unsatisfiable one does not either.
    CHECK(is_whole(choose({{"Range", "bytes=5000-"}, {"If-Range", "\"v2\""}})));
}

TEST_CASE("an answer says which part it is") {
    CHECK(content_range(range("bytes=100-199"), 1000) == "bytes 100-199/1000");
    CHECK(content_range(range("bytes=1000-"), 1000) == "bytes */1000");
}
