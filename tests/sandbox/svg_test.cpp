// The converters that read SVG may open fonts. What an attacker makes of that, behind the real sandbox.
#include "tests/support/files.hpp"
#include "tests/unit/pool_fixture.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

namespace fs = std::filesystem;
using Counts = std::map<std::string, int>;

const JobTerms kSvg{.is_svg = true};

PoolConfig attacked_config() {
    PoolConfig config = config_of(1);
    config.program = built("thumbgate-converter-attacks");
    config.max_output_bytes = 1 << 20;
    config.converter_retire_memory = config.converter_memory;
    return config;
}

class AttackedSvg : public PoolFixture {
  public:
    explicit AttackedSvg(const PoolConfig& config = attacked_config()) : PoolFixture(config) {
        write_file(drawing,
                   "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><text y='9'>a</text></svg>");
    }

    Result<Picture> attack(const std::string& name) {
        write_file(dir / name, "ATTACK " + name + " " + std::to_string(getpid()));
        observed.replaced.clear();
        auto outcome = result(convert(dir / name, to(Format::jpeg, 100), kSvg));
        CHECK(code(result(convert(drawing, to(Format::png, 100), kSvg))) == "ok");
        return outcome;
    }

    void ends_converters(const std::string& name) {
        CAPTURE(name);
        CHECK(code(attack(name)) == "crash");
        CAPTURE(observed.last_loss);
        CHECK(observed.replaced == Counts{{"forbidden_call", 2}});
    }

    void gets_nowhere(const std::string& name) {
        CAPTURE(name);
        const auto outcome = attack(name);
        REQUIRE_FALSE(outcome);
        CHECK_THAT(outcome.error().detail, starts_with("refused"));
        CHECK(observed.replaced.empty());
    }

    TempDir dir;
    fs::path drawing = dir / "drawing.svg";
};

}  // namespace

TEST_CASE_METHOD(AttackedSvg, "What reads SVG opens a font, and no other file") {
    CHECK_THAT(attack("read-font").error().detail, starts_with("worked"));
    for (const char* name : {"openat", "proc", "list-fonts", "leave-fonts", "font-as-folder"}) gets_nowhere(name);
    if (observed.svg_layers.front().has(Layer::mount)) gets_nowhere("stat");
}

TEST_CASE_METHOD(AttackedSvg, "What reads SVG writes no file, and makes none") {
    for (const char* name :
         {"write-font", "append-to-font", "cut-font", "place-of-file", "make-file", "make-nameless-file"}) {
        ends_converters(name);
    }
}

TEST_CASE_METHOD(AttackedSvg, "What reads SVG is otherwise forbidden what every converter is") {
    const auto name = GENERATE(as<std::string>(), "openat2", "inet-socket", "unix-socket", "execve", "fexecve",
                               "map-code", "turn-into-code", "fork", "ptrace", "kill", "tgkill", "pidfd", "memfd",
                               "change-flags", "mount", "unshare", "io-uring");
    ends_converters(name);
}

TEST_CASE_METHOD(AttackedSvg, "What reads SVG says which layers it is behind, and Landlock is one of them") {
    CHECK(observed.svg_layers.empty());
    gets_nowhere("openat");
    REQUIRE(observed.svg_layers.size() == 1);
    for (const Layer layer : {Layer::no_new_privs, Layer::limits, Layer::seccomp, Layer::landlock}) {
        CHECK(observed.svg_layers.front().has(layer));
    }
    CHECK(observed.svg_layers.front() == observed.layers);
}

TEST_CASE("Where what reads SVG cannot be locked in SVG is refused, and everything else goes on") {
    PoolConfig config = config_of(1);
    config.program = built("thumbgate-converter-without-landlock");
    AttackedSvg pool(config);
    const auto refused = pool.result(pool.convert(pool.drawing, to(Format::png, 100), kSvg));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == 415);
    CHECK(refused.error().code == "no_codec");
    CHECK_THAT(refused.error().detail, contains("landlock: this kernel has none"));
    CHECK(pool.result(pool.inspect(photos::storm().path)));
    CHECK_FALSE(pool.observed.layers.has(Layer::landlock));
    CHECK(pool.observed.svg_layers.empty());
}
