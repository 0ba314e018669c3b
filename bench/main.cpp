// bench/edge: the edge against what a user would take instead, side by side on this machine.
#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <thread>

#include "bench/cases.hpp"
#include "bench/interrupt.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"

namespace thumbgate::bench {

namespace {

constexpr std::array<Case, 9> kCases{{
    {"hit-12k", "a hit of 12 KB: signature, limit, memory; against tuned stock nginx and return 200", hits_12k},
    {"hit-12k-tls", "the same over TLS", hits_12k_tls},
    {"hit-12k-http2", "the same over HTTP/2", hits_12k_http2},
    {"hit-40k", "a hit of 40 KB, from disk and from memory", hits_40k},
    {"hit-40k-tls", "the same over TLS", hits_40k_tls},
    {"system-calls", "the system calls of a hit", system_calls},
    {"cold-burst", "50 clients ask for one new thumbnail; against proxy_cache_lock", cold_bursts},
    {"limit-keys", "a limited key's memory and time", limited_keys},
    {"hit-ratio", "what the hot cache finds; against LRU", hit_ratio},
}};

struct Options {
    bool quick = false;
    std::string json;                // a file's name; empty: none
    std::vector<std::string> cases;  // names; empty: all
};

std::string case_list() {
    std::string list = "Cases:";
    for (const Case& one : kCases) list += "\n  " + std::string(one.name) + ": " + std::string(one.about);
    return list;
}

bool is_case(const std::string& name) {
    return std::ranges::any_of(kCases, [&](const Case& one) { return one.name == name; });
}

void add_options(CLI::App& app, Options& options) {
    app.add_flag("--quick", options.quick, "Fewer and shorter rounds: a minute in all");
    app.add_option("--json", options.json, "Write the result to this file as well")->type_name("FILE");
    app.add_option("--case", options.cases, "Only this case; may be given several times")
        ->type_name("NAME")
        ->check([](const std::string& name) { return is_case(name) ? std::string() : "there is no case " + name; });
    app.footer(case_list());
}

Rows measure(const Options& options) {
    Context context(options.quick ? kQuick : Plan{});
    Rows rows;
    for (const Case& one : kCases) {
        if (!options.cases.empty() && std::ranges::count(options.cases, one.name) == 0) continue;
        throw_if_interrupted();
        std::cerr << "measuring " << one.name << '\n';
        std::ranges::move(one.run(context), std::back_inserter(rows));
    }
    return rows;
}

bool teardown_failed = false;

int run(const Options& options) {
    if (std::thread::hardware_concurrency() < 2) throw std::runtime_error("two processors are needed");
    note_interrupts();
    test::set_quiet_failure([](const std::string& message) {
        std::cerr << "bench/edge: " << message << '\n';
        teardown_failed = true;
    });
    const Rows rows = measure(options);
    if (teardown_failed) return 1;
    print_table(std::cout, rows);
    if (!options.json.empty()) test::write_file(options.json, to_json(rows));
    return 0;
}

}  // namespace

const Edges& Context::edges() {
    if (!edges_) edges_ = std::make_unique<Edges>();
    return *edges_;
}

}  // namespace thumbgate::bench

int main(int argc, char** argv) try {
    CLI::App app{"Measures the edge side by side with stock nginx, as its users tune it."};
    app.name("bench/edge");
    thumbgate::bench::Options options;
    thumbgate::bench::add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    return thumbgate::bench::run(options);
} catch (const thumbgate::bench::Interrupted&) {
    return 130;
} catch (const std::exception& error) {
    std::cerr << "bench/edge: " << error.what() << '\n';
    return 1;
}
