// A mixed load for long: what the processes hold does not grow.
//
// Half a minute by default, which shows gross growth alone; THUMBGATE_SOAK_MINUTES=30 asks for a flat line after the
// first sixth of the time.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/mixed_load.hpp"
#include "tests/support/resources.hpp"
#include "tests/support/stored_photos.hpp"

using namespace thumbgate::test;

namespace {

constexpr double kMiB = 1024 * 1024;
constexpr int kSamples = 180;
constexpr int kWarmUp = kSamples / 6;

// thumbgated's: 64 pictures in the background, which wait with what they are made from; a job with its result for each
// visitor; the pixels of four photos; its logs and locks.
constexpr double kMaxFiles = 64 + 2 * 4 + 4 + 8;
constexpr std::size_t kFilesAtRest = 8;

// What was held over time, for each part of the chain.
struct Course {
    std::vector<double> memory;  // MiB
    std::vector<double> descriptors;
    std::vector<double> files;
    std::size_t zombies_at_rest = 0;  // the fewest that were seen in any three samples in a row

    void add(const Resources& now) {
        memory.push_back(static_cast<double>(now.memory) / kMiB);
        descriptors.push_back(static_cast<double>(now.descriptors));
        files.push_back(static_cast<double>(now.files));
        zombies_.push_back(now.zombies);
        const std::size_t count = zombies_.size();
        if (count < 3) return;
        const std::size_t lasting = std::min({zombies_[count - 1], zombies_[count - 2], zombies_[count - 3]});
        zombies_at_rest = std::max(zombies_at_rest, lasting);
    }

  private:
    std::vector<std::size_t> zombies_;
};

std::vector<double> after_warm_up(const std::vector<double>& values) {
    return {values.begin() + kWarmUp, values.end()};
}

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

// Every tenth part, as the mean of its samples.
std::string tenths_of(const std::vector<double>& values) {
    std::ostringstream text;
    text.precision(4);
    const auto step = static_cast<std::ptrdiff_t>(values.size() / 10);
    for (std::ptrdiff_t i = 0; i < 10; ++i) {
        text << ' ' << mean_of({values.begin() + i * step, values.begin() + (i + 1) * step});
    }
    return text.str();
}

}  // namespace

TEST_CASE("memory and descriptors of every process stay as they are under a mixed load, and there is no zombie") {
    const char* asked = std::getenv("THUMBGATE_SOAK_MINUTES");
    const bool is_short = asked == nullptr;
    const milliseconds time = is_short ? milliseconds(27s) : milliseconds(std::atoi(asked) * 60'000LL);
    Stack stack({.edits = MixedLoad::without_rate_limits(),
                 .thumbgated_flags = {"--converters", "2", "--undo", "0", "--address-quota-photos", "0"}});
    MixedLoad load(stack, {.pause = 20ms, .accepts = {kAcceptsWebp, kAcceptsJpeg, kAcceptsWebp, kAcceptsAvif}});
    std::map<std::string, Course> courses;
    for (int i = 0; i < kSamples; ++i) {
        std::this_thread::sleep_for(time / kSamples);
        courses["thumbgated"].add(resources_of(stack.backend().pid()));
        courses["converters"].add(resources_of_family(stack.backend().zygote_pid()));
        courses["nginx"].add(resources_of_family(stack.edge().pid()));
        courses["redis"].add(resources_of_family(stack.redis().pid()));
    }
    load.stop();
    for (const auto& [name, course] : courses) {
        const auto memory = after_warm_up(course.memory);
        const auto descriptors = after_warm_up(course.descriptors);
        WARN(name << "\n  MiB:" << tenths_of(course.memory) << "; rise " << rise_of(memory)
                  << "\n  descriptors:" << tenths_of(course.descriptors) << "; rise " << rise_of(descriptors)
                  << "\n  files:" << tenths_of(course.files));
        CHECK(rise_of(memory) < (is_short ? 64 + mean_of(memory) : 4 + 0.05 * mean_of(memory)));
        CHECK(rise_of(descriptors) < 8);
        CHECK(*std::ranges::max_element(course.files) <= kMaxFiles);
        CHECK(course.zombies_at_rest == 0);
    }
    CHECK(wait_until(120s, [&] { return resources_of(stack.backend().pid()).files <= kFilesAtRest; }));
    WARN(load.requests() << " requests, " << load.uploaded() << " uploads, " << load.failed() << " failed");
    CHECK(lines(load.failures()) == "");
    CHECK(lines(load.wrong()) == "");
    CHECK(lines(load.losses()) == "");
}
