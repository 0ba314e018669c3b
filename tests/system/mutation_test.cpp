// Damaged pictures of every format, many at once, through the running service. THUMBGATE_MUTATIONS says how many,
// THUMBGATE_SEED which.
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"
#include "tests/support/mutants.hpp"
#include "tests/support/prometheus.hpp"
#include "tests/support/redis.hpp"
#include "tests/support/service_request.hpp"
#include "tests/support/thumbgated.hpp"

using namespace thumbgate::test;

namespace {

constexpr std::uint64_t kDefaultMutations = 300;
constexpr std::uint64_t kDefaultSeed = 4;
constexpr std::size_t kClients = 4;
// A job may wait for 10 s and take 10 s; one that broke its converter does both again.
constexpr auto kDeadline = 41s;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What became of them all. Guarded by `lock` while there are clients.
struct Tally {
    std::mutex lock;
    std::map<std::string, int> answers;  // "upload 422 corrupt"
    std::vector<std::string> findings;   // anything but 2xx and 4xx, and what broke or outlasted a converter
    milliseconds slowest = 0ms;
    std::size_t accepted = 0;
};

class Campaign {
  public:
    Campaign()
        : redis_({.dir = dir_ / "redis"}), backend_({.dir = dir_.path(), .redis = redis_.socket(), .converters = 2}) {}

    void run(std::uint64_t mutations, std::uint64_t seed) {
        std::atomic<std::uint64_t> next{0};
        std::vector<std::thread> clients;
        for (std::size_t i = 0; i < kClients; ++i) {
            clients.emplace_back([&] {
                for (std::uint64_t number = next++; number < mutations; number = next++) {
                    try_one(number, make_mutant(sources_, seed, number));
                }
            });
        }
        for (std::thread& client : clients) client.join();
    }

    Thumbgated& backend() { return backend_; }
    Tally& tally() { return tally_; }
    std::size_t stored_originals() const {
        std::size_t count = 0;
        for (const std::string& file : files_below(dir_ / "photos")) count += file.ends_with("/original") ? 1 : 0;
        return count;
    }
    std::vector<std::string> temporary_files() const { return files_below(dir_ / "photos/tmp"); }

  private:
    void try_one(std::uint64_t number, const Mutant& mutant) {
        if (mutant.bytes.empty()) return;
        const Response uploaded =
            send("upload", number, mutant, {.url = "/api/photos", .method = "POST", .body = mutant.bytes});
        if (uploaded.status != 201) return;
        const std::string id = text_at(parse_json(uploaded.body), "id");
        for (const char* options : {"w:64/f:jpeg", "rt:fill/w:48/h:48/f:png"}) {
            send("thumbnail", number, mutant, {.url = std::string("/thumb/") + options + "/plain/photo://" + id});
        }
        const std::lock_guard guard(tally_.lock);
        ++tally_.accepted;
    }

    Response send(const std::string& what, std::uint64_t number, const Mutant& mutant, Request request) {
        request.timeout = kDeadline + 5s;
        request.headers = {{"Expect", ""}, {"Content-Type", "image/any"}};
        Response response = backend_.send(from_edge(std::move(request)));
        std::string answer = what + " " + std::to_string(response.status);
        if (response.status >= 400) {
            const std::string type = text_at(parse_json(response.body), "type");
            answer += " " + type.substr(type.rfind(':') + 1);
        }
        const std::lock_guard guard(tally_.lock);
        ++tally_.answers[answer];
        tally_.slowest = std::max(tally_.slowest, response.elapsed);
        const int kind = response.status / 100;
        if ((kind != 2 && kind != 4) || answer.ends_with(" crash") || answer.ends_with(" timeout")) {
            tally_.findings.push_back(answer + ": mutant " + std::to_string(number) + " of " + mutant.source + " " +
                                      response.error);
            write_file(dir_ / ("findings/" + std::to_string(number)), mutant.bytes);
        }
        return response;
    }

    TempDir dir_;
    std::vector<SourcePicture> sources_ = small_pictures();
    Redis redis_;
    Thumbgated backend_;
    Tally tally_;
};

}  // namespace

TEST_CASE("damaged pictures are accepted or refused in time, cost nobody else anything, and leave nothing behind") {
    const std::uint64_t mutations = setting("THUMBGATE_MUTATIONS", kDefaultMutations);
    const std::uint64_t seed = setting("THUMBGATE_SEED", kDefaultSeed);
    Campaign campaign;
    const pid_t broker = campaign.backend().pid();
    const auto temporary = campaign.temporary_files();
    campaign.run(mutations, seed);
    Tally& tally = campaign.tally();
    std::string report = std::to_string(mutations) + " mutants of seed " + std::to_string(seed) +
                         ", the slowest answer after " + std::to_string(tally.slowest.count()) + " ms";
    for (const auto& [answer, count] : tally.answers) report += "\n  " + std::to_string(count) + " " + answer;
    for (const std::string& finding : tally.findings) report += "\n  " + finding;
    const Response metrics = campaign.backend().send(from_edge({.url = "/metrics/backend"}));
    for (const std::string& line : lines_of(metrics.body)) {
        if (line.starts_with("thumbgate_backend_converter_replacements_total{")) report += "\n  " + line;
    }
    if (mutations != kDefaultMutations) WARN(report);
    INFO(report);
    CHECK(campaign.backend().running());
    CHECK(campaign.backend().pid() == broker);
    CHECK(campaign.backend().send(from_edge({.url = "/readyz"})).status == 200);
    CHECK(tally.slowest < kDeadline);
    // What a picture does to a converter is that picture's fault, and a 4xx.
    for (const auto& [answer, count] : tally.answers) {
        INFO(answer);
        CHECK((answer.find(" 2") != std::string::npos || answer.find(" 4") != std::string::npos));
    }
    CHECK(tally.accepted > 0);
    CHECK(campaign.stored_originals() == tally.accepted);
    CHECK(campaign.temporary_files() == temporary);
}
