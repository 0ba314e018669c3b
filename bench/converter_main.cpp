// bench/converter: what it costs that pictures are converted in processes that are locked in.
#include <fcntl.h>
#include <sys/mman.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>

#include "backend/conversion/job.hpp"
#include "backend/converter/libvips.hpp"
#include "backend/converter/pipeline.hpp"
#include "bench/report.hpp"
#include "tests/support/converter.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::bench {
namespace {

using test::LoneConverter;

constexpr const char* kPhoto = "/usr/share/wallpapers/Autumn/contents/images/2560x1600.jpg";  // progressive, 4:4:4

struct Options {
    bool quick = false;
    std::string json;  // a file's name; empty: none
};

double milliseconds_of(const std::function<void()>& work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

// From the moment in which a converter is killed to the one in which the next takes a job.
Rows replacements(LoneConverter& converter, int rounds) {
    converter.replace();
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) times.push_back(milliseconds_of([&] { converter.replace(); }));
    return {{"replacing a converter, median", median(times), std::nullopt, "ms"},
            {"replacing a converter, longest", std::ranges::max(times), std::nullopt, "ms"}};
}

JobRequest thumbnail_request() {
    Conversion conversion;
    conversion.options.width = 320;
    return convert_request(PoolConfig{}, conversion);
}

// The same job in turns: by a converter, and in this process.
Rows overhead(LoneConverter& converter, int rounds) {
    const UniqueFd source(open(kPhoto, O_RDONLY | O_CLOEXEC));
    if (!source)
        throw std::runtime_error(std::string("there is no ") + kPhoto + "; script/bootstrap --test installs it");
    const JobRequest request = thumbnail_request();
    const auto timed = [&](const std::function<JobReply(int)>& run) {
        JobReply reply{};
        const double time = milliseconds_of([&] {
            const UniqueFd output(memfd_create("result", MFD_CLOEXEC));
            reply = run(output.get());
        });
        if (reply.outcome != Outcome::ok) throw std::runtime_error(reply.detail.data());
        return time;
    };
    const auto by_converter = [&](int output) { return converter.run(request, {source.get(), output}); };
    const auto in_process = [&](int output) { return run_job(request, {source.get(), output}); };
    std::vector<double> sandboxed;
    std::vector<double> bare;
    for (int i = 0; i < rounds; ++i) {
        const double ours = timed(by_converter);
        const double peer = timed(in_process);
        if (i == 0) continue;  // each has warmed up
        sandboxed.push_back(ours);
        bare.push_back(peer);
    }
    return {{"4 MP JPEG to 320 px", median(sandboxed), median(bare), "ms"}};
}

int run(const Options& options) {
    LoneConverter converter(test::built("thumbgate-converter"));
    std::cerr << "sandbox: " << describe(converter.layers()) << '\n';
    if (auto started = start_libvips(); !started) throw std::runtime_error(started.error());
    Rows rows = replacements(converter, options.quick ? 10 : 50);
    std::ranges::move(overhead(converter, options.quick ? 10 : 200), std::back_inserter(rows));
    print_table(std::cout, rows);
    if (!options.json.empty() && !(std::ofstream(options.json) << to_json(rows))) {
        throw std::runtime_error("cannot write " + options.json);
    }
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace thumbgate::bench

int main(int argc, char** argv) try {
    CLI::App app("What it costs that pictures are converted in processes that are locked in.", "bench/converter");
    thumbgate::bench::Options options;
    app.add_flag("--quick", options.quick, "Fewer rounds");
    app.add_option("--json", options.json, "Write the result to this file as well")->type_name("FILE");
    CLI11_PARSE(app, argc, argv);
    return thumbgate::bench::run(options);
} catch (const std::exception& error) {
    std::cerr << "bench/converter: " << error.what() << '\n';
    return EXIT_FAILURE;
}
