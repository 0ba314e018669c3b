// thumbgate signs what the edge verifies, and verifies as the edge does.
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/keys.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"

using namespace thumbgate::test;

namespace {

class CommandLine {
  public:
    CommandLine() { write_file(dir_ / "keys", kKeyFile, 0600); }

    // `command`: "sign" or "verify".
    RunResult operator()(const std::string& command, const std::vector<std::string>& arguments) const {
        std::vector<std::string> argv{built("thumbgate").string(), command, "--keys", (dir_ / "keys").string()};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        return run(argv);
    }

  private:
    TempDir dir_;
};

}  // namespace

TEST_CASE("thumbgate signs a path with as many bytes as it is told") {
    const CommandLine thumbgate;
    const std::string path = "/w:320/plain/photo://a";
    CHECK(thumbgate("sign", {path}).out == "/" + signature_of(path) + path + "\n");
    const RunResult shorter = thumbgate("sign", {"--signature-size", "10", path});
    CHECK(shorter.out == "/" + signature_of(path, kKey, 10) + path + "\n");
    CHECK(shorter.err.empty());
    CHECK(thumbgate("verify", {"--signature-size", "10", "/t/" + signature_of(path, kKey, 10) + path}).ok());
    const RunResult whole = thumbgate("verify", {"--signature-size", "10", "/t/" + signature_of(path) + path});
    CHECK(whole.exit_code == 2);
    CHECK_THAT(whole.out, starts_with("403 bad_signature"));
    for (const std::string& size : {std::string("7"), std::string("33")}) {
        CHECK_FALSE(thumbgate("sign", {"--signature-size", size, path}).ok());
    }
}

TEST_CASE("thumbgate signs a ladder once, and writes a link for each of its widths") {
    const CommandLine thumbgate;
    const std::string path = "/w:*/plain/photo://a";
    const std::string signature = signature_of(path);
    const RunResult star = thumbgate("sign", {path});
    CHECK(star.out == "/" + signature + path + "\n");
    CHECK(star.err.empty());
    const RunResult links = thumbgate("sign", {"--sizes", "160,320", path});
    CHECK(links.out == "/" + signature + "/w:160/plain/photo://a\n/" + signature + "/w:320/plain/photo://a\n");
    CHECK(thumbgate("verify", {"--sizes", "160,320", "/t/" + signature + "/w:320/plain/photo://a"}).ok());
    CHECK_THAT(thumbgate("verify", {"--sizes", "160,320", "/t/" + signature + "/w:321/plain/photo://a"}).out,
               starts_with("403 "));
    CHECK_THAT(thumbgate("verify", {"/t/" + signature + "/w:320/plain/photo://a"}).out, starts_with("403 "));
    CHECK_THAT(thumbgate("verify", {"--sizes", "160,320", "/t/" + signature + path}).out, starts_with("400 "));
    CHECK_THAT(thumbgate("sign", {"--sizes", "160,0320", path}).err, contains("\"0320\""));
}

TEST_CASE("thumbgate says whose link it is, and warns of a name without an end") {
    const CommandLine thumbgate;
    const std::string hash = "0123456789abcdef0123456789abcdef";
    const std::string path = "/exp:4000000000/lid:a-link/sid:" + hash + "/w:320/plain/photo://a";
    const RunResult valid = thumbgate("verify", {"/t/" + signature_of(path) + path});
    CHECK(valid.ok());
    CHECK_THAT(valid.out, contains("/w:320/plain/photo://a, until 4000000000") && contains("a-link") && contains(hash));
    CHECK_THAT(thumbgate("sign", {"/lid:a/w:320/plain/photo://a"}).err, contains("warning") && contains("\"exp\""));
    CHECK(thumbgate("sign", {"--expires-in", "1h", "/lid:a/w:320/plain/photo://a"}).err.empty());
}
