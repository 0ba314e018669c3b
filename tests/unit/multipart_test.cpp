// Forms, whatever the pieces they arrive in.
#include "backend/http/multipart.hpp"

#include <algorithm>
#include <vector>

#include "tests/support/catch.hpp"

using namespace thumbgate;
using thumbgate::test::contains;

namespace {

struct Part {
    std::string name;
    std::string data;
    bool ended = false;
    bool operator==(const Part&) const = default;
};

struct Parts final : MultipartSink {
    std::vector<Part> parts;
    void on_part_begin(std::string_view name) override { parts.push_back({std::string(name), "", false}); }
    void on_part_data(std::string_view bytes) override { parts.back().data += bytes; }
    void on_part_end() override { parts.back().ended = true; }
};

struct Outcome {
    std::vector<Part> parts;
    std::string error;
    bool operator==(const Outcome&) const = default;
};

Outcome parse(const std::vector<std::string_view>& pieces, std::string_view boundary = "XyZ") {
    Parts sink;
    MultipartParser parser(boundary, sink);
    for (const std::string_view piece : pieces) {
        if (auto fed = parser.feed(piece); !fed) return {sink.parts, fed.error()};
    }
    auto finished = parser.finish();
    return {sink.parts, finished ? "" : finished.error()};
}

std::string part(std::string_view header, std::string_view data) {
    return "--XyZ\r\n" + std::string(header) + "\r\n\r\n" + std::string(data) + "\r\n";
}

const std::string kForm =
    "preamble\r\n" + part("Content-Disposition: form-data; name=\"title\"", "a\r\n--XyY b") +
    part("Content-Type: image/jpeg\r\ncontent-disposition:form-data;filename=\"x;name=y\"; name=photo",
         std::string("\xFF\xD8\r\n--Xy\0\r\r\n-", 14)) +
    part("Content-Disposition: form-data; name=\"em\\\"pty\"", "") + "--XyZ-- \r\nepilogue --XyZ";

const std::vector<Part> kParts{{"title", "a\r\n--XyY b", true},
                               {"photo", std::string("\xFF\xD8\r\n--Xy\0\r\r\n-", 14), true},
                               {"em\"pty", "", true}};

}  // namespace

TEST_CASE("a form's fields are read, whole") {
    const Outcome outcome = parse({kForm});
    CHECK(outcome.error.empty());
    CHECK(outcome.parts == kParts);
}

TEST_CASE("a form split anywhere into two pieces is read alike") {
    for (std::size_t at = 0; at <= kForm.size(); ++at) {
        const std::string_view form = kForm;
        REQUIRE(parse({form.substr(0, at), form.substr(at)}) == Outcome{kParts, ""});
    }
}

TEST_CASE("a form with a short piece anywhere in it is read alike") {
    const std::string_view form = kForm;
    for (std::size_t first = 0; first <= form.size(); ++first) {
        for (std::size_t length = 0; length <= 12; ++length) {
            const std::size_t second = std::min(first + length, form.size());
            const Outcome outcome =
                parse({form.substr(0, first), form.substr(first, second - first), form.substr(second)});
            if (outcome != Outcome{kParts, ""}) FAIL("split at " << first << " and " << second);
        }
    }
}

TEST_CASE("a form that comes byte by byte is read alike") {
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < kForm.size(); ++i) bytes.push_back(std::string_view(kForm).substr(i, 1));
    CHECK(parse(bytes) == Outcome{kParts, ""});
}

TEST_CASE("a form cut off anywhere before its end is refused") {
    const std::size_t end = kForm.find("--XyZ--") + 7;
    for (std::size_t length = 0; length < end; ++length) {
        REQUIRE_THAT(parse({std::string_view(kForm).substr(0, length)}).error, contains("closing boundary"));
    }
}

TEST_CASE("blanks after a boundary are passed over, anything else is refused") {
    const std::string rest = "Content-Disposition: form-data; name=a\r\n\r\nx\r\n--XyZ--";
    CHECK(parse({"--XyZ \t\r\n" + rest}).error.empty());
    CHECK_THAT(parse({"--XyZ!\r\n" + rest}).error, contains("something else"));
    CHECK_THAT(parse({"--XyZ" + std::string(1000, ' ')}).error, contains("too many blanks"));
}

TEST_CASE("a part without a name is refused") {
    CHECK_THAT(parse({part("Content-Type: image/png", "x") + "--XyZ--"}).error, contains("with a name"));
    CHECK_THAT(parse({part("Content-Disposition: attachment; name=photo", "x") + "--XyZ--"}).error,
               contains("with a name"));
    CHECK_THAT(parse({"--XyZ\r\n\r\nx\r\n--XyZ--"}).error, contains("with a name"));
}

TEST_CASE("a part's header has a limit, and so has the number of parts") {
    CHECK_THAT(parse({"--XyZ\r\nX: " + std::string(9000, 'x')}).error, contains("8 KiB"));
    std::string many;
    for (int i = 0; i < 65; ++i) many += part("Content-Disposition: form-data; name=a", "");
    CHECK_THAT(parse({many + "--XyZ--"}).error, contains("64"));
}

TEST_CASE("data is handed on as it comes, not collected") {
    Parts sink;
    MultipartParser parser("XyZ", sink);
    REQUIRE(parser.feed(std::string_view("--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\n")));
    for (int i = 0; i < 100; ++i) {
        REQUIRE(parser.feed(std::string(1000, 'd')));
        CHECK(sink.parts.at(0).data.size() + 10 >= static_cast<std::size_t>(i + 1) * 1000);
    }
}

TEST_CASE("the boundary is found in a Content-Type") {
    CHECK(multipart_boundary("multipart/form-data; boundary=abc") == "abc");
    CHECK(multipart_boundary("Multipart/Form-Data ; charset=utf-8; BOUNDARY=\"a b:c\"") == "a b:c");
    CHECK(multipart_boundary("image/jpeg") == std::nullopt);
    CHECK(multipart_boundary("") == std::nullopt);
    CHECK(multipart_boundary("multipart/mixed; boundary=abc") == std::nullopt);
}

TEST_CASE("a form without a valid boundary is told from what is no form") {
    CHECK(multipart_boundary("multipart/form-data") == "");
    CHECK(multipart_boundary("multipart/form-data; boundary=") == "");
    CHECK(multipart_boundary("multipart/form-data; boundary=\"a\r\nb\"") == "");
    CHECK(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')) == "");
}
