// How good pictures are: their similarity to what ImageMagick makes of every pixel of the original with Lanczos3.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/conversion/side.hpp"
#include "tests/support/ssim.hpp"

namespace thumbgate::bench {

// Means over all orders.
struct Quality {
    double kilobytes = 0;
    double ssim = 0;
};

class Judge {
  public:
    explicit Judge(std::filesystem::path photographs) : photographs_(std::move(photographs)) {}

    Quality quality_of(Side& side, const std::vector<Order>& orders);

    struct Equal {
        double ssim = 0;
        double peer_ssim = 0;  // of as many bytes, picture by picture, between two of the peer's qualities
    };
    Equal at_equal_bytes(Side& side, Side& peer, const std::vector<Order>& orders);

  private:
    double ssim(const Photograph& photograph, const std::string& picture);
    const test::Luma& reference(const Photograph& photograph, int width, int height);

    std::filesystem::path photographs_;
    std::map<std::string, test::Luma> references_;  // by name and size
};

}  // namespace thumbgate::bench
