// Load on one nginx worker, and what it cost the worker.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace thumbgate::bench {

// The worker has this CPU, and the program that makes the load that one, so that neither takes the other's time.
inline constexpr int kWorkerCpu = 0;
inline constexpr int kLoadCpu = 1;

inline constexpr int kConnections = 64;
inline constexpr const char* kAccept = "Accept: image/avif,image/webp,image/*,*/*;q=0.8";  // as a browser sends it

enum class Client : std::uint8_t { wrk, h2load };

struct Target {
    std::string base;             // "http://127.0.0.1:PORT"
    std::filesystem::path paths;  // a file of paths, a line each, that are asked for in turn
    Client client = Client::wrk;
};

struct LoadResult {
    std::uint64_t requests = 0;
    double seconds = 0;
    double per_second() const { return static_cast<double>(requests) / seconds; }
};

// Keeps kConnections busy. Whatever is not a 2xx throws.
LoadResult put_load(const Target& target, std::chrono::seconds duration);

// CPU time that a process has used, in µs: the scheduler's account, which knows more than ticks.
double cpu_us(pid_t pid);

}  // namespace thumbgate::bench
