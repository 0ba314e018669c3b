// Load on one side, and what it cost: a number of clients, each of which asks again as soon as it has its picture.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bench/conversion/side.hpp"

namespace thumbgate::bench {

// What is converted: each of the photographs in turn.
struct Work {
    std::string name;
    int width;
    std::string_view format;
    std::vector<Photograph> photographs;

    std::vector<Order> orders() const;  // of each photograph
};

struct Round {
    double per_second = 0;           // pictures
    double cpu_ms = 0;               // a picture
    std::vector<double> latency_ms;  // of each picture
};

// All of the work's photographs, as often as it takes to fill `at_least`: every side has the same mixture.
Round put_work(Side& side, const Work& work, unsigned clients, std::chrono::milliseconds at_least);

// `orders` by that many clients, once: the seconds it takes.
double time_of(Side& side, const std::vector<Order>& orders, unsigned clients);

}  // namespace thumbgate::bench
