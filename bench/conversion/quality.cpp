#include "bench/conversion/quality.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/interrupt.hpp"

namespace thumbgate::bench {

namespace {

constexpr std::array kQualities{60, 70, 76, 80, 84, 90, 96};

struct Point {
    double bytes;
    double ssim;
};

// On the line between two points, over the logarithm of the bytes; beyond the first and last, that one's.
double interpolated(const std::vector<Point>& curve, double bytes) {
    const auto after = std::ranges::upper_bound(curve, bytes, {}, &Point::bytes);
    if (after == curve.begin()) return curve.front().ssim;
    if (after == curve.end()) return curve.back().ssim;
    const Point& before = *(after - 1);
    const double part = std::log(bytes / before.bytes) / std::log(after->bytes / before.bytes);
    return before.ssim + part * (after->ssim - before.ssim);
}

}  // namespace

const test::Luma& Judge::reference(const Photograph& photograph, int width, int height) {
    const std::string size = std::to_string(width) + "x" + std::to_string(height);
    const auto [entry, is_new] = references_.try_emplace(std::string(photograph.name) + " " + size);
    if (is_new) {
        entry->second =
            test::luma_of((photographs_ / photograph.name).string(), {"-filter", "Lanczos", "-resize", size + "!"});
    }
    return entry->second;
}

double Judge::ssim(const Photograph& photograph, const std::string& picture) {
    throw_if_interrupted();
    const test::Luma luma = test::luma_of_bytes(picture);
    return test::ssim(luma, reference(photograph, luma.width, luma.height));
}

Quality Judge::quality_of(Side& side, const std::vector<Order>& orders) {
    Quality sum;
    for (const Order& order : orders) {
        const std::string picture = side.convert(0, order);
        sum.kilobytes += static_cast<double>(picture.size()) / 1000;
        sum.ssim += ssim(order.photograph, picture);
    }
    const auto count = static_cast<double>(orders.size());
    return {sum.kilobytes / count, sum.ssim / count};
}

Judge::Equal Judge::at_equal_bytes(Side& side, Side& peer, const std::vector<Order>& orders) {
    Equal sum;
    for (const Order& order : orders) {
        const std::string picture = side.convert(0, order);
        std::vector<Point> curve;
        for (const int quality : kQualities) {
            Order its = order;
            its.quality = quality;
            const std::string peers = peer.convert(0, its);
            curve.push_back({static_cast<double>(peers.size()), ssim(order.photograph, peers)});
        }
        std::ranges::sort(curve, {}, &Point::bytes);
        sum.ssim += ssim(order.photograph, picture);
        sum.peer_ssim += interpolated(curve, static_cast<double>(picture.size()));
    }
    const auto count = static_cast<double>(orders.size());
    return {sum.ssim / count, sum.peer_ssim / count};
}

}  // namespace thumbgate::bench
