// A picture that breaks real converters: refused from then on, shown and released by the real command line.
#include <csignal>
#include <future>

#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

struct Chain {
    Stack stack;
    Uploaded photo;
    std::string digest;

    explicit Chain(std::vector<std::string> flags, const Photo& picture)
        : stack({.thumbgated_flags = std::move(flags)}) {
        photo = stack.upload(picture);
        digest = thumbgate::hex_encode(thumbgate::sha256(read_file(picture.path)));
    }

    Response convert(int width, const std::string& format = "png") {
        return stack.get(stack.thumbnail(photo.id, "/w:" + std::to_string(width) + "/f:" + format));
    }
    // A conversion whose converters are killed by a signal that says that they broke by themselves.
    Response convert_and_crash(int width) {
        auto pending = std::async(std::launch::async, [&] { return convert(width); });
        const bool done = wait_until(40s, [&] {
            if (busy() > 0) {
                for (const pid_t converter : stack.backend().converter_pids()) ::kill(converter, SIGSEGV);
            }
            return pending.wait_for(0s) == std::future_status::ready;
        });
        CHECK(done);
        return pending.get();
    }
    double busy() { return stack.backend_metric("thumbgate_backend_converters_busy"); }
    // Those that tell whether the service is ready are of another format.
    double conversions() { return stack.backend_metric("thumbgate_backend_conversions_total", {{"format", "png"}}); }

    void check_refused(int width) {
        const double before = conversions();
        const Response response = convert(width);
        INFO(response);
        CHECK(response.status == 422);
        CHECK(response.header("content-type") == "application/problem+json");
        CHECK_THAT(response.body, contains("urn:thumbgate:problem:quarantined\""));
        CHECK(conversions() == before);
    }
    RunResult command(std::vector<std::string> arguments) {
        std::vector<std::string> argv{built("thumbgate").string(), "quarantine"};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        argv.insert(argv.end(), {"--backend", "unix:" + stack.backend().socket().string(), "--secret",
                                 stack.backend().options().secret.string()});
        return run(argv);
    }
};

}  // namespace

TEST_CASE("a picture that crashes its converters is refused, listed, and tried again once it is released") {
    Chain chain({}, photos::large());
    const Response crashed = chain.convert_and_crash(2900);
    INFO(crashed);
    REQUIRE(crashed.status == 422);
    CHECK_THAT(crashed.body, contains("urn:thumbgate:problem:crash\""));
    CHECK(chain.stack.backend_metric("thumbgate_backend_quarantined_total") == 1);
    CHECK_THAT(chain.stack.backend().log(), contains("put into quarantine") && contains(chain.digest));
    chain.check_refused(320);
    CHECK(chain.stack.try_upload(photos::large().path).status == 422);

    const RunResult listed = chain.command({"list"});
    INFO(listed.err);
    CHECK(listed.ok());
    CHECK(lines_of(listed.out).size() == 1);
    CHECK_THAT(listed.out, starts_with(chain.digest + "  crash  strikes 2  since 2") && contains(chain.photo.id));
    const json::value record = parse_json(chain.command({"list", "--json"}).out);
    CHECK(text_at(record, "digest") == chain.digest);

    CHECK(chain.command({"release", chain.digest}).out == "released " + chain.digest + "\n");
    CHECK(chain.command({"list"}).out.empty());
    CHECK(chain.convert(330, "jpeg").status == 200);
    const RunResult again = chain.command({"release", chain.digest});
    CHECK(again.exit_code == 1);
    CHECK_THAT(again.err, contains("404: No picture with this digest is in quarantine."));
}

TEST_CASE("a picture that overruns twice is refused from then on, also after a restart") {
    Chain chain({"--job-timeout", "1s"}, photos::flower());
    // 27 megapixels as PNG take several times as long. Not AVIF: a slow converter that gets too little time beside
    // others blames no picture.
    const auto overrun = [&](int width) {
        const Response response = chain.convert(width, "png/el:1");
        INFO(response);
        CHECK(response.status == 422);
        CHECK_THAT(response.body, contains("urn:thumbgate:problem:timeout\""));
    };
    overrun(6000);
    CHECK(chain.command({"list"}).out.empty());
    overrun(6001);
    CHECK_THAT(chain.command({"list"}).out, contains("  timeout  strikes 2  "));
    chain.check_refused(64);
    chain.stack.drain_backend();
    chain.stack.backend().start();
    chain.check_refused(65);
}

TEST_CASE("the quarantine is not reached through the edge, nor with another secret") {
    Chain chain({}, photos::flower());
    for (const std::string& target : {std::string("/quarantine"), "/quarantine/" + chain.digest}) {
        const Response through_the_edge = chain.stack.get(target);
        INFO(through_the_edge);
        CHECK(through_the_edge.status == 404);
        CHECK(chain.stack.backend().send({.url = target}).status == 403);
    }
    // The page's location knows no other method.
    CHECK(chain.stack.send({.url = "/quarantine/" + chain.digest, .method = "DELETE"}).status == 405);
    CHECK_THAT(chain.stack.backend().log(), !contains("\"target\":\"/quarantine\",\"status\":200"));

    write_file(chain.stack.dir() / "secret2", std::string(64, '1'), 0600);
    const RunResult stranger =
        run({built("thumbgate").string(), "quarantine", "list", "--backend", chain.stack.backend().socket().string(),
             "--secret", (chain.stack.dir() / "secret2").string()});
    CHECK(stranger.exit_code == 1);
    CHECK_THAT(stranger.err, contains("another --secret"));
    const RunResult nowhere = run({built("thumbgate").string(), "quarantine", "list", "--backend", "./no.sock",
                                   "--secret", (chain.stack.dir() / "secret").string()});
    CHECK(nowhere.exit_code == 1);
    CHECK_THAT(nowhere.err, contains("./no.sock"));
    CHECK(chain.command({"release", "abc"}).exit_code == 1);
}
