// Who is measured. Each side converts the same photographs, as its users have it: the services over HTTP, programs as
// programs.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/conversion/photographs.hpp"

namespace thumbgate::bench {

inline constexpr unsigned kMostClients = 8;

// One conversion: to that width, in the side's own default quality unless one is named.
struct Order {
    Photograph photograph;
    int width = 320;
    std::string_view format = "jpeg";  // or "webp"
    int quality = 0;                   // 1 to 100; 0: the side's default
};

class Side {
  public:
    Side() = default;
    Side(const Side&) = delete;
    Side& operator=(const Side&) = delete;
    virtual ~Side() = default;

    virtual std::string_view name() const = 0;
    virtual bool makes(std::string_view /*format*/) const { return true; }
    // More clients than that would only wait.
    virtual unsigned most_clients() const { return kMostClients; }
    // The picture, converted now: nothing that was made before is taken. `client` is 0 to most_clients() - 1; each asks
    // from a thread of its own. Throws FixtureFailure.
    virtual std::string convert(unsigned client, const Order& order) = 0;
    // What it consists of, with all descendants; empty: programs that run once.
    virtual std::vector<pid_t> processes() const = 0;
    // Processor time in seconds since it was started.
    virtual double cpu_seconds() const;
};

using SidePtr = std::unique_ptr<Side>;

// ipx as its documentation has it, on a folder; sharp behind a small server; nginx with its image_filter; imgproxy on a
// folder. `photographs` is that folder.
SidePtr start_ipx(const std::filesystem::path& photographs, const std::filesystem::path& node_modules);
SidePtr start_sharp(const std::filesystem::path& photographs, const std::filesystem::path& node_modules);
SidePtr start_image_filter(const std::filesystem::path& photographs);
SidePtr start_imgproxy(const std::filesystem::path& photographs);  // nullptr: PATH has none

// vipsthumbnail, a process a picture, two at once; two processes with a loop around libvips' thumbnail().
SidePtr start_vipsthumbnail(const std::filesystem::path& photographs);
SidePtr start_vips_loops(const std::filesystem::path& photographs);

}  // namespace thumbgate::bench
