// bench/convert: conversions through HTTP, against what a user would run instead, side by side on this machine.
#include <CLI/CLI.hpp>
#include <array>
#include <iostream>

#include "bench/conversion/measurements.hpp"
#include "bench/conversion/ours.hpp"
#include "bench/conversion/promises.hpp"
#include "bench/interrupt.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"

namespace thumbgate::bench {

namespace {

using namespace std::chrono_literals;

struct Options {
    bool quick = false;
    std::string json;          // a file's name; empty: none
    std::string node_modules;  // where the peers of npm are installed
};

struct Plan {
    std::chrono::milliseconds a_round{1200};
    std::map<unsigned, int> rounds{{8, 5}, {2, 2}, {1, 2}};  // by number of clients
    int uploads = 5;
    std::size_t photographs = 12;  // of a work, at most
};
const Plan kQuick{.a_round = 200ms, .rounds = {{8, 1}, {2, 1}, {1, 1}}, .uploads = 1, .photographs = 2};

constexpr std::array kSixWidths{160, 320, 480, 640, 960, 1280};
constexpr std::array<std::string_view, 2> kFormats{"webp", "jpeg"};

std::vector<Work> works(const Plan& plan) {
    const auto baseline = baseline_photographs();
    const auto progressive = progressive_photographs();
    std::vector<Work> works{
        {"320 px JPEG from baseline", 320, "jpeg", {baseline.begin(), baseline.end()}},
        {"320 px WebP from baseline", 320, "webp", {baseline.begin(), baseline.end()}},
        {"320 px JPEG from progressive", 320, "jpeg", {progressive.begin(), progressive.end()}},
        {"320 px WebP from progressive", 320, "webp", {progressive.begin(), progressive.end()}},
        {"1280 px JPEG", 1280, "jpeg", all_photographs()},
    };
    for (Work& work : works) work.photographs.resize(std::min(work.photographs.size(), plan.photographs));
    return works;
}

std::vector<Order> six_widths(const Photograph& photograph) {
    std::vector<Order> orders;
    for (const int width : kSixWidths) {
        for (const auto format : kFormats) {
            orders.push_back({.photograph = photograph, .width = width, .format = format});
        }
    }
    return orders;
}

// Everything that is measured, started.
class Bench {
  public:
    Bench(const Options& options, const Plan& plan);

    void measure_speeds();
    void measure_qualities();
    void measure_memory();
    void measure_uploads();
    void report(const std::string& json) const;

  private:
    Side& peer(std::string_view name) const;
    void add_speed_promise(const std::string& work, std::string_view against, double bound);

    const Plan& plan_;
    std::vector<Work> works_;
    test::TempDir dir_;
    std::unique_ptr<Ours> ours_;
    std::vector<SidePtr> peers_;
    std::vector<Side*> sides_;  // all
    Measurements measurements_;
    std::vector<Promise> promises_;
};

Bench::Bench(const Options& options, const Plan& plan) : plan_(plan), works_(works(plan)) {
    const auto photographs = dir_ / "photographs";
    copy_photographs(photographs);
    ours_ = std::make_unique<Ours>(photographs);
    sides_.push_back(ours_.get());
    for (auto& start : {start_ipx, start_sharp}) peers_.push_back(start(photographs, options.node_modules));
    for (auto& start : {start_image_filter, start_imgproxy, start_vipsthumbnail, start_vips_loops}) {
        if (SidePtr side = start(photographs)) peers_.push_back(std::move(side));
    }
    for (const SidePtr& side : peers_) sides_.push_back(side.get());
}

Side& Bench::peer(std::string_view name) const {
    for (const SidePtr& side : peers_) {
        if (side->name() == name) return *side;
    }
    throw std::out_of_range(std::string(name));
}

void Bench::add_speed_promise(const std::string& work, std::string_view against, double bound) {
    const Row row{work + ", against " + std::string(against),
                  measurements_.speed(work, kMostClients, "thumbgate").per_second,
                  measurements_.speed(work, kMostClients, against).per_second, "pictures/s"};
    promises_.push_back({row, bound});
}

void Bench::measure_speeds() {
    for (const Work& work : works_) {
        std::cerr << "measuring " << work.name << '\n';
        for (Side* side : sides_) {  // each has warmed up
            if (side->makes(work.format)) put_work(*side, work, kMostClients, 0ms);
        }
        for (const auto& [clients, rounds] : plan_.rounds) {
            for (int round = 0; round < rounds; ++round) {
                for (Side* side : sides_) {
                    if (!side->makes(work.format)) continue;
                    measurements_.add(work.name, clients, side->name(), put_work(*side, work, clients, plan_.a_round));
                }
            }
        }
    }
    for (const std::string format : {"JPEG", "WebP"}) {
        add_speed_promise("320 px " + format + " from baseline", "ipx", 1.15);
        add_speed_promise("320 px " + format + " from baseline", "libvips loops", 0.95);
        add_speed_promise("320 px " + format + " from progressive", "ipx", 2);
    }
    add_speed_promise("1280 px JPEG", "sharp", 1);
}

void Bench::measure_qualities() {
    Judge judge(dir_ / "photographs");
    const auto add_promise = [&](const std::string& name, const std::vector<Order>& orders) {
        const auto [ours, sharps] = judge.at_equal_bytes(*ours_, peer("sharp"), orders);
        promises_.push_back({{name + ", at equal bytes, against sharp", ours, sharps, "SSIM"}, 1});
    };
    for (const Work& work : works_) {
        std::cerr << "judging " << work.name << '\n';
        for (Side* side : sides_) {
            if (side->makes(work.format))
                measurements_.add(work.name, side->name(), judge.quality_of(*side, work.orders()));
        }
        add_promise(work.name, work.orders());
    }
    std::cerr << "judging six widths\n";
    add_promise("six widths x {webp, jpeg}", six_widths(large_progressive_photograph()));
}

// At another time than speeds: looking costs time.
void Bench::measure_memory() {
    std::cerr << "measuring memory\n";
    for (Side* side : sides_) {
        if (side->processes().empty()) continue;
        MemoryPeak peak(side->processes());
        for (const Work& work : works_) {
            if (side->makes(work.format)) put_work(*side, work, kMostClients, plan_.a_round);
        }
        measurements_.add(side->name(), peak.finish());
    }
    const Memory& own = measurements_.memory("thumbgate");
    const Memory& its = measurements_.memory("ipx");
    promises_.push_back(
        {{"memory of all processes, shared pages once, against ipx", own.proportional, its.proportional, "MB"},
         0.6,
         true});
}

void Bench::measure_uploads() {
    for (const Photograph& photograph : {large_baseline_photograph(), large_progressive_photograph()}) {
        std::cerr << "measuring six widths of " << photograph.name << '\n';
        const std::vector<Order> orders = six_widths(photograph);
        std::vector<double> own;
        std::vector<double> its;
        for (int i = 0; i < plan_.uploads; ++i) {
            const auto start = std::chrono::steady_clock::now();
            ours_->use(photograph, ours_->upload(photograph));
            const std::chrono::duration<double> upload = std::chrono::steady_clock::now() - start;
            own.push_back(upload.count() + time_of(*ours_, orders, kMostClients));
            its.push_back(time_of(peer("ipx"), orders, kMostClients));
        }
        // As speeds, so that more is better here too.
        const std::string name = "upload and six widths of " + std::string(photograph.name) + ", against ipx";
        promises_.push_back({{name, 1 / median(own), 1 / median(its), "photographs/s"}, 2});
    }
}

void Bench::report(const std::string& json) const {
    measurements_.print(std::cout);
    print_promises(std::cout, promises_);
    if (json.empty()) return;
    Rows rows;
    for (const Promise& promise : promises_) rows.push_back(promise.row);
    std::ranges::move(measurements_.rows("thumbgate"), std::back_inserter(rows));
    test::write_file(json, to_json(rows));
}

bool teardown_failed = false;

int run(const Options& options) {
    note_interrupts();
    test::set_quiet_failure([](const std::string& message) {
        std::cerr << "bench/convert: " << message << '\n';
        teardown_failed = true;
    });
    const Plan plan = options.quick ? kQuick : Plan{};
    {
        Bench bench(options, plan);
        bench.measure_speeds();
        bench.measure_uploads();
        bench.measure_memory();
        bench.measure_qualities();
        bench.report(options.json);
    }
    return teardown_failed ? 1 : 0;
}

}  // namespace

}  // namespace thumbgate::bench

int main(int argc, char** argv) try {
    CLI::App app{"Measures conversions through HTTP, side by side with what a user would run instead."};
    app.name("bench/convert");
    thumbgate::bench::Options options;
    app.add_flag("--quick", options.quick, "Two photographs and one short round each: shows that everything works");
    app.add_option("--json", options.json, "Write the result to this file as well")->type_name("FILE");
    app.add_option("--node-modules", options.node_modules, "Where ipx and sharp are installed")
        ->type_name("FOLDER")
        ->required()
        ->group("");  // bench/convert says it
    CLI11_PARSE(app, argc, argv);
    return thumbgate::bench::run(options);
} catch (const thumbgate::bench::Interrupted&) {
    return 130;
} catch (const std::exception& error) {
    std::cerr << "bench/convert: " << error.what() << '\n';
    return 1;
}
