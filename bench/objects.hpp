// The thumbnails that are asked for: their bodies, and the links under which each side serves them.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace thumbgate::bench {

inline constexpr int kObjects = 2000;  // of each size

struct ObjectSize {
    std::string_view name;
    std::size_t bytes;
};
inline constexpr ObjectSize k12k{"small", 12 * 1024};
inline constexpr ObjectSize k40k{"large", 40 * 1024};

// Every body by the name of its file: random text, of which nothing is compressed on the way.
std::map<std::string, std::string> object_files();

// Paths, a line each. Ours: `prefix` is the location's, "/t/".
std::string our_links(const ObjectSize& size, std::string_view prefix);
std::string stock_links(const ObjectSize& size);

inline constexpr std::string_view kStockSecret = "a secret of the benchmark";

}  // namespace thumbgate::bench
