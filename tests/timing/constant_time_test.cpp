// How long a signature takes to verify says nothing of how much of it is right: callgrind counts exactly as many
// instructions for one that is wrong in its first byte as for one that is wrong in its last. That one is right, and by
// which key, is a few instructions of some 30,000, and no secret: it is what the answer says.
#include <cstdlib>
#include <regex>

#include "contract/encoding.hpp"
#include "contract/keys.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

using namespace thumbgate::test;
using thumbgate::KeyRing;

namespace {

const std::string kPath = "/rs:fill:300:400/q:80/plain/photo://mzxw6ytboi";
const std::string kKeys =
    "first 736563726574 68656c6c6f\n"
    "second 000102030405060708090a0b0c0d0e0f 101112131415\n"
    "third ff0102030405060708090a0b0c0d0e0f ff1112131415\n";

struct Counted {
    std::string signer;
    long instructions;
};

constexpr long kOfTheResult = 16;  // instructions that may depend on whether, and by which key, a signature is right

Counted count(const std::string& signature, size_t size) {
    const TempDir dir;
    const RunResult probe = run({"valgrind", "--tool=callgrind", "--toggle-collect=counted_verify",
                                 "--callgrind-out-file=" + (dir / "counts").string(), THUMBGATE_VERIFY_PROBE, kKeys,
                                 signature, std::to_string(size), kPath},
                                {.timeout = 60s});
    INFO(probe.err);
    REQUIRE(probe.ok());
    std::smatch found;
    REQUIRE(std::regex_search(probe.err, found, std::regex("Collected : ([0-9]+)")));
    return {probe.out.substr(0, probe.out.find('\n')), std::stol(found[1])};
}

// By the key at `index` of kKeys.
std::string bytes_signed_by(size_t index, size_t size) {
    std::string line = kKeys;
    for (; index > 0; --index) line.erase(0, line.find('\n') + 1);
    const auto ring = KeyRing::parse(line.substr(0, line.find('\n')));
    REQUIRE(ring);
    return *thumbgate::base64url_decode_strict(ring->sign(kPath, 1, size));
}

std::string with_changed_byte(std::string bytes, size_t at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    return bytes;
}

}  // namespace

TEST_CASE(
    "a signature takes the same number of instructions to verify wherever it is wrong, and hardly others if right") {
    for (const size_t size : {32, 16}) {
        const std::string right = bytes_signed_by(0, size);
        const auto count_wrong_at = [&](size_t at) {
            INFO("byte " << at << " of " << size);
            const Counted wrong = count(thumbgate::base64url_encode(with_changed_byte(right, at)), size);
            CHECK(wrong.signer == "none");
            return wrong.instructions;
        };
        const long first = count_wrong_at(0);
        CHECK(first > 10'000);
        for (const size_t at : {size_t{1}, size / 2, size - 1}) CHECK(count_wrong_at(at) == first);
        const Counted valid = count(thumbgate::base64url_encode(right), size);
        CHECK(valid.signer == "first");
        CHECK(std::abs(valid.instructions - first) <= kOfTheResult);
    }
}

TEST_CASE("it takes hardly more or fewer instructions whichever key made the signature") {
    const Counted first = count(thumbgate::base64url_encode(bytes_signed_by(0, 32)), 32);
    const Counted third = count(thumbgate::base64url_encode(bytes_signed_by(2, 32)), 32);
    CHECK(third.signer == "third");
    CHECK(std::abs(third.instructions - first.instructions) <= kOfTheResult);
}

TEST_CASE("the count sees what is left out") {
    // A signature that cannot be read is refused before any MAC is computed: its sender knows what was wrong with it.
    const std::string right = thumbgate::base64url_encode(bytes_signed_by(0, 32));
    std::string unreadable = right;
    unreadable.back() = '!';
    CHECK(count(unreadable, 32).instructions < count(right, 32).instructions - kOfTheResult);
}
