// Ten times more than can be done: what is accepted is in time, the rest is refused at once, and it is over when it is
// over. THUMBGATE_OVERLOAD_SECONDS says for how long; the figures are printed.
#include <atomic>
#include <cstdlib>

#include "tests/support/catch.hpp"
#include "tests/support/load.hpp"
#include "tests/support/numbered_photo.hpp"
#include "tests/support/open_load.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;

namespace {

constexpr auto kDeadline = 8s;  // conf/proxy.conf's thumb_deadline
constexpr unsigned kClients = 40;
constexpr size_t kCopies = 6;  // of each photo, which a client may upload at once

milliseconds overload_time() {
    const char* text = std::getenv("THUMBGATE_OVERLOAD_SECONDS");
    return text != nullptr ? std::chrono::seconds(std::stoi(text)) : 6s;
}

bool is_accepted(const LoadAnswer& answer) {
    return answer.status == 200;
}
bool is_refused(const LoadAnswer& answer) {
    return answer.status == 503 && answer.has_retry_after;
}

// A chain whose every thumbnail is another, and of another photo than those before, so that no cache, no coalescing and
// no decode of its neighbours helps.
struct Chain {
    Stack stack;
    std::vector<std::string> photos;
    std::atomic<size_t> next = 0;

    Chain() {
        for (const Photo& photo : {photos::storm(), photos::dune(), photos::meadow()}) {
            const std::string jpeg = read_file(photo.path);
            for (size_t copy = 0; copy < kCopies; ++copy) {
                const Response response =
                    stack.send({.url = "/api/photos", .method = "POST", .body = numbered_photo(jpeg, copy)});
                REQUIRE(response.status == 201);
                photos.push_back(text_at(parse_json(response.body), "id"));
            }
        }
    }
    std::string new_thumbnail() {
        constexpr size_t kWidths = 500;
        constexpr size_t kQualities = 50;
        const size_t number = next++;
        const size_t look = number / photos.size();
        const size_t width = 100 + look % kWidths;
        const size_t quality = 40 + look / kWidths % kQualities;
        const std::string options = "/w:" + std::to_string(width) + "/q:" + std::to_string(quality);
        return stack.thumbnail(photos.at(number % photos.size()), options);
    }
    // Thumbnails a second, as fast as they come.
    double capacity() {
        constexpr auto kTime = 2s;
        Load load(6, [&](unsigned, size_t) {
            const bool ok = get_once(stack.port(), new_thumbnail()).status == 200;
            return ok ? Load::Outcome::right : Load::Outcome::failed;
        });
        std::this_thread::sleep_for(kTime);
        load.stop();
        CHECK(load.failed() == 0);
        return static_cast<double>(load.right()) / std::chrono::duration<double>(kTime).count();
    }
    // The same as the backend's own log has it.
    std::vector<LoadAnswer> backend_answers(size_t at_least) const {
        std::vector<LoadAnswer> answers;
        for (const json::value& line : stack.backend_log(at_least)) {
            if (!line.as_object().contains("status")) continue;
            const double ms = line.at("ms").at("total").to_number<double>();
            const auto took = std::chrono::microseconds(static_cast<int64_t>(ms * 1000));
            const bool refused = number_at(line, "status") == 503;
            answers.push_back({.status = refused ? 503 : 200, .has_retry_after = refused, .due = {}, .took = took});
        }
        return answers;
    }
};

std::string figures(const std::vector<LoadAnswer>& answers, bool (*which)(const LoadAnswer&)) {
    const auto ms = [&](double share) { return std::to_string(percentile(answers, share, which).count()); };
    return std::to_string(std::ranges::count_if(answers, which)) + " (p50 " + ms(.5) + " ms, p99 " + ms(.99) +
           " ms, max " + ms(1) + " ms)";
}

}  // namespace

TEST_CASE("under ten times the load what is accepted is in time, and the rest is refused at once") {
    Chain chain;
    const double capacity = chain.capacity();
    const OpenLoad load{.port = chain.stack.port(),
                        .rate = 10 * capacity,
                        .duration = overload_time(),
                        .clients = kClients,
                        .target = [&](size_t) { return chain.new_thumbnail(); }};
    const auto answers = run(load);
    const auto ended = std::chrono::steady_clock::now();
    const auto recovered_in = [&] {
        REQUIRE(wait_until(20s, [&] { return chain.stack.get(chain.new_thumbnail()).status == 200; }));
        return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - ended);
    }();
    const auto in_backend = chain.backend_answers(answers.size());
    WARN("capacity " << capacity << "/s, offered " << load.rate << "/s for " << load.duration.count() << " ms"
                     << "\naccepted " << figures(answers, is_accepted) << "\nrefused " << figures(answers, is_refused)
                     << "\nin the backend: accepted " << figures(in_backend, is_accepted) << ", refused "
                     << figures(in_backend, is_refused) << "\nrecovered in " << recovered_in.count() << " ms");
    const auto accepted = std::ranges::count_if(answers, is_accepted);
    const auto refused = std::ranges::count_if(answers, is_refused);
    CHECK(static_cast<size_t>(accepted + refused) == answers.size());
    CHECK(refused > accepted);
    // The converters are kept busy all the same; other programs may take a part of the machine.
    CHECK(static_cast<double>(accepted) > capacity * std::chrono::duration<double>(load.duration).count() / 5);
    CHECK(percentile(answers, .99, is_accepted) < kDeadline);
    CHECK(percentile(answers, .99, is_refused) < 1s);
    CHECK(recovered_in < 5s);
    CHECK(chain.stack.backend_metric("thumbgate_backend_admission_refused_total", {{"reason", "overload"}}) > 0);
    CHECK(chain.stack.edge_metric("thumbgate_edge_breaker_state", {{"upstream", "thumbgated"}}) == 0);
    CHECK(chain.stack.edge_metric("thumbgate_edge_breaker_rejected_total", {{"upstream", "thumbgated"}}) == 0);
}
