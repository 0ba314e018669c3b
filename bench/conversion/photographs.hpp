// The originals: twelve photographs that nobody here made, from Debian's packages mate-backgrounds,
// plasma-workspace-wallpapers, lomiri-wallpapers-16.04 and lomiri-wallpapers-20.04.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::bench {

struct Photograph {
    std::string_view name;  // "dune.jpg": what the services are asked for
    std::string_view path;  // where the package has it
    bool is_progressive;
};

// 1.8 to 20 MP; 4:4:4, 4:2:2 and 4:2:0; each wider than 1280 pixels.
std::span<const Photograph> baseline_photographs();
std::span<const Photograph> progressive_photographs();
std::vector<Photograph> all_photographs();

// Those of 13 to 20 MP, of either kind.
const Photograph& large_baseline_photograph();
const Photograph& large_progressive_photograph();

// Copies all into `folder`, by their names. One that is not there is an error that names it.
void copy_photographs(const std::filesystem::path& folder);

}  // namespace thumbgate::bench
