// The key file: what it may hold, who may read it, and that no error ever repeats what stands in it.
#include "contract/keys.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "contract/encoding.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

constexpr std::string_view kPath = "/w:320/plain/photo://a";
constexpr std::string_view kSignature = "x-Xl1w6U-w8nbGFQnqW1KVXVPcw1vimWPU6X_mul2HE";  // by key "secret", salt "hello"
constexpr std::string_view kLine = "first 736563726574 68656c6c6f";

std::string error_of(std::string_view text) {
    const auto ring = KeyRing::parse(text);
    return ring ? "" : ring.error();
}

std::string error_of_file(const std::filesystem::path& path) {
    const auto ring = KeyRing::read_file(path.string());
    return ring ? "" : ring.error();
}

}  // namespace

TEST_CASE("a key file may hold comments, blank lines, any blanks and Windows line ends") {
    for (const std::string& text : {
             std::string(kLine),
             std::string(kLine) + "\n",
             "# keys of the thumbnail location\n\n   \n" + std::string(kLine) + "\n",
             std::string("\t first \t 736563726574   68656c6c6f \t\r\n\r\n"),
             std::string(kLine) + " # since spring\n",
             std::string(kLine) + " not-before=0 not-after=18446744073709551615\n",
         }) {
        INFO(text);
        const auto ring = KeyRing::parse(text);
        REQUIRE(ring);
        CHECK(ring->sign(kPath, 0) == kSignature);
        CHECK(ring->verify(kSignature, kPath, 0)->id() == "first");
    }
}

TEST_CASE("a signature of any size is the beginning of the whole one, and is valid at that size alone") {
    const auto ring = KeyRing::parse(kLine);
    REQUIRE(ring);
    const std::string whole = *base64url_decode_strict(kSignature);
    for (std::size_t size = kMinSignatureSize; size <= kMaxSignatureSize; ++size) {
        INFO(size);
        const std::string signature = ring->sign(kPath, 0, size);
        CHECK(signature == base64url_encode(whole.substr(0, size)));
        CHECK(ring->verify(signature, kPath, 0, size) != nullptr);
        CHECK(ring->verify(signature, kPath, 0, size == 8 ? 9 : size - 1) == nullptr);
        CHECK(ring->verify(signature, "/w:321/plain/photo://a", 0, size) == nullptr);
        CHECK(ring->verify("", kPath, 0, size) == nullptr);
    }
}

TEST_CASE("of several keys that fit, the first is named") {
    const auto ring = KeyRing::parse("a 00 11\nb 736563726574 68656c6c6f\nc 22 33\nd 736563726574 68656c6c6f\n");
    REQUIRE(ring);
    CHECK(ring->verify(kSignature, kPath, 0)->id() == "b");
}

TEST_CASE("an error in a key file names its line") {
    const std::string good = std::string(kLine) + "\n# comment\n\n";
    CHECK_THAT(error_of(good + "second 00"), contains("line 4: a key is <id> <hex key> <hex salt>"));
    CHECK_THAT(error_of(good + "second"), contains("line 4: a key is"));
    CHECK_THAT(error_of(good + "second 0 00"), contains("line 4: the key is not hex digits"));
    CHECK_THAT(error_of(good + "second 0g 00"), contains("line 4: the key is not hex digits"));
    CHECK_THAT(error_of(good + "second 00 0"), contains("line 4: the salt is not hex digits"));
    CHECK_THAT(error_of(good + "second 00 salt"), contains("line 4: the salt is not hex digits"));
    CHECK_THAT(error_of(good + "second 00 00 until=5"), contains("line 4: "));
    CHECK_THAT(error_of(good + "second 00 00 not-after"), contains("line 4: not-after"));
    CHECK_THAT(error_of(good + "second 00 00 not-before=soon"), contains("line 4: not-before"));
    CHECK_THAT(error_of(good + "second 00 00 not-before=-1"), contains("line 4: not-before"));
    CHECK_THAT(error_of(good + "second 00 00 not-before=6 not-after=5"), contains("line 4: not-before is later"));
    CHECK_THAT(error_of(good + "first 00 00"), contains("line 4: the id \"first\" is taken"));
    CHECK_THAT(error_of(good + std::string(65, 'x') + " 00 00"), contains("line 4: the id is longer than 64 bytes"));
}

TEST_CASE("an id of 64 bytes is not too long, and a key valid for one second not too short") {
    CHECK(error_of(std::string(64, 'x') + " 00 00 not-before=5 not-after=5") == "");
}

TEST_CASE("a file without a key is refused, and the error says how to make one") {
    for (const char* text : {"", "\n", "# nothing\n", "  \r\n"})
        CHECK_THAT(error_of(text), contains("thumbgate key new"));
}

TEST_CASE("no error repeats what stands where a key, a salt or a bound should be") {
    for (const char* text : {
             "first c0ffee",
             "first c0ffee c0ffeeg",
             "first c0ffeeg 00",
             "first 00 00 c0ffee",
             "first 00 00 00 c0ffee=1",
             "first 00 00 not-after=c0ffee",
             "first 00 00 not-before=c0ffee",
         }) {
        INFO(text);
        const std::string error = error_of(text);
        CHECK(error != "");
        CHECK(error.find("c0ffee") == std::string::npos);
    }
}

TEST_CASE("a key file that users other than owner and group can access is refused") {
    const TempDir dir;
    const auto path = dir / "keys";
    for (const mode_t mode : {0604, 0602, 0601, 0644, 0666}) {
        write_file(path, kLine, mode);
        CHECK_THAT(error_of_file(path), contains(path.string()) && contains("chmod 600"));
    }
    for (const mode_t mode : {0600, 0400, 0640, 0660}) {
        write_file(path, kLine, mode);
        CHECK(error_of_file(path) == "");
    }
}

TEST_CASE("what is not a regular file of a bearable size is refused, and named") {
    const TempDir dir;
    CHECK_THAT(error_of_file(dir / "absent"), contains("absent") && contains("No such file"));
    CHECK_THAT(error_of_file(dir.path()), contains("not a regular file"));
    REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
    CHECK_THAT(error_of_file(dir / "pipe"), contains("not a regular file"));
    write_file(dir / "large", std::string(kLine) + "\n" + std::string(64 * 1024, '#'), 0600);
    CHECK_THAT(error_of_file(dir / "large"), contains("larger than 64 KiB"));
    write_file(dir / "bad", "first 00\n", 0600);
    CHECK_THAT(error_of_file(dir / "bad"), contains((dir / "bad").string()) && contains("line 1"));
}

TEST_CASE("nothing is signed when no key is valid") {
    const auto ring = KeyRing::parse("first 736563726574 68656c6c6f not-after=10");
    REQUIRE(ring);
    CHECK(ring->sign(kPath, 10) == kSignature);
    CHECK(ring->sign(kPath, 11) == "");
    CHECK(ring->verify("", kPath, 11) == nullptr);
}

TEST_CASE("a signature is verified by the key that made it, wherever in the file that stands") {
    const auto ring = KeyRing::parse("a 00 00\nb 01 00\nc 02 00\n");
    REQUIRE(ring);
    for (const char* line : {"a 00 00", "b 01 00", "c 02 00"}) {
        const std::string signature = KeyRing::parse(line)->sign(kPath, 0);
        REQUIRE(ring->verify(signature, kPath, 0) != nullptr);
        CHECK(ring->verify(signature, kPath, 0)->id() == std::string(1, line[0]));
    }
}

TEST_CASE("every single character of a signature counts") {
    const auto ring = KeyRing::parse(kLine);
    REQUIRE(ring);
    for (std::size_t i = 0; i < kSignature.size(); ++i) {
        std::string changed(kSignature);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK(ring->verify(changed, kPath, 0) == nullptr);
    }
}

TEST_CASE("a new key has 256 bits of key and of salt, reads back, and is never made twice") {
    const std::string line = new_key_line("edge-1");
    const auto ring = KeyRing::parse(line);
    REQUIRE(ring);
    CHECK(line.size() == std::string("edge-1 ").size() + 64 + 1 + 64);
    CHECK(line.starts_with("edge-1 "));
    CHECK(ring->verify(ring->sign(kPath, 0), kPath, 0) != nullptr);
    CHECK(new_key_line("edge-1") != line);
}
