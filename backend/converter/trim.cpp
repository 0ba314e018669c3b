#include <algorithm>
#include <vector>

#include "backend/converter/steps.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

const std::vector<double> kTransparent{255, 0, 255};  // what a link names it by

struct Edges {
    int left;
    int top;
    int right;
    int bottom;
};

// In sRGB with 8 bits, whatever the picture is in: thresholds and colours are.
VImage seen(const VImage& image) {
    VImage colours = image.colourspace(VIPS_INTERPRETATION_sRGB);
    if (!colours.has_alpha()) return colours;
    return colours.flatten(VImage::option()->set("background", kTransparent));
}

std::vector<double> background_of(const Job& job, const VImage& image) {
    if (job.request.has_trim_colour) {
        const Colour colour = job.request.trim_colour;
        return {static_cast<double>(colour.red), static_cast<double>(colour.green), static_cast<double>(colour.blue)};
    }
    const Size stored = oriented(job.orientation, job.source_size);
    const Area first = stored_area(job.orientation, {0, 0, {1, 1}}, stored);
    return image.getpoint(static_cast<int>(first.left), static_cast<int>(first.top));
}

// How far the background reaches in from each edge. All 0 where there is nothing else.
Edges background_edges(const Job& job) {
    const VImage image = seen(job.image);
    const double threshold = static_cast<double>(job.request.trim_threshold) / kDprUnit;
    int top = 0;
    int width = 0;
    int height = 0;
    const int left =
        image.find_trim(&top, &width, &height,
                        VImage::option()->set("threshold", threshold)->set("background", background_of(job, image)));
    if (width == 0 || height == 0) return {};
    return {left, top, image.width() - left - width, image.height() - top - height};
}

void make_equal(int& one, int& other) {
    one = other = std::min(one, other);
}

}  // namespace

Done trim(Job& job) {
    if (!job.request.trims || may_move(job)) return {};  // frames have edges of their own
    if (auto drawn = draw_for_trim(job); !drawn) return drawn;
    job.image = job.image.copy_memory();
    job.is_decoded = true;
    Edges cut = background_edges(job);
    const bool transposed = job.orientation.transposed;
    const JobRequest& request = job.request;
    if (transposed ? request.trims_equally_down : request.trims_equally_across) make_equal(cut.left, cut.right);
    if (transposed ? request.trims_equally_across : request.trims_equally_down) make_equal(cut.top, cut.bottom);
    const int width = job.image.width() - cut.left - cut.right;
    const int height = job.image.height() - cut.top - cut.bottom;
    job.image = job.image.extract_area(cut.left, cut.top, width, height);
    job.trimmed_left = static_cast<std::uint64_t>(cut.left);
    job.trimmed_top = static_cast<std::uint64_t>(cut.top);
    job.source_size =
        oriented(job.orientation, {static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height)});
    return {};
}

}  // namespace thumbgate
