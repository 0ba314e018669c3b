#include "bench/conversion/photographs.hpp"

#include <array>

#include "tests/support/failure.hpp"

namespace thumbgate::bench {

namespace fs = std::filesystem;

namespace {

#define BACKGROUNDS "/usr/share/backgrounds/"

constexpr std::array<Photograph, 6> kBaseline{{
    {"dune.jpg", BACKGROUNDS "mate/nature/Dune.jpg", false},             // 1.8 MP, 4:2:2, with a camera's EXIF
    {"storm.jpg", BACKGROUNDS "mate/nature/Storm.jpg", false},           // 2.5 MP, 4:2:2
    {"wood.jpg", BACKGROUNDS "mate/nature/Wood.jpg", false},             // 4.9 MP
    {"umang.jpg", BACKGROUNDS "umang_by_Abhishek_Mudgal.jpg", false},    // 8.3 MP
    {"fossa.jpg", BACKGROUNDS "Fossa_by_Jasper_Roks.jpg", false},        // 9.4 MP
    {"kleiber.jpg", BACKGROUNDS "Kleiber_by_Lukas_Baubkus.jpg", false},  // 20.4 MP
}};

constexpr std::array<Photograph, 6> kProgressive{{
    {"flower.jpg", BACKGROUNDS "mate/nature/FreshFlower.jpg", true},                         // 1.9 MP, 4:2:0
    {"autumn.jpg", "/usr/share/wallpapers/Autumn/contents/images/2560x1600.jpg", true},      // 4.1 MP, 4:4:4
    {"cups.jpg", "/usr/share/wallpapers/ColorfulCups/contents/images/2560x1600.jpg", true},  // 4.1 MP, 4:2:2
    {"aitzgorri.jpg", BACKGROUNDS "aitzgorri_by_Aitzol_Berasategi.jpg", true},               // 6.3 MP
    {"sunset.jpg", BACKGROUNDS "sunset_by_Aitzol_Berasategi.jpg", true},                     // 12.2 MP
    {"dragonfly.jpg", BACKGROUNDS "Dragonfly_by_Bolly.jpg", true},                           // 13.4 MP
}};

#undef BACKGROUNDS

}  // namespace

std::span<const Photograph> baseline_photographs() {
    return kBaseline;
}

std::span<const Photograph> progressive_photographs() {
    return kProgressive;
}

std::vector<Photograph> all_photographs() {
    std::vector<Photograph> all(kBaseline.begin(), kBaseline.end());
    all.insert(all.end(), kProgressive.begin(), kProgressive.end());
    return all;
}

const Photograph& large_baseline_photograph() {
    return kBaseline.back();
}

const Photograph& large_progressive_photograph() {
    return kProgressive.back();
}

void copy_photographs(const fs::path& folder) {
    fs::create_directories(folder);
    for (const Photograph& photograph : all_photographs()) {
        if (!fs::exists(photograph.path)) {
            test::fail_fixture("there is no " + std::string(photograph.path) + "; script/bootstrap --test installs it");
        }
        fs::copy_file(photograph.path, folder / photograph.name);
    }
}

}  // namespace thumbgate::bench
