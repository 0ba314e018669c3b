// SVG: drawn by librsvg, at the size at which it is shown and no larger. Until then an empty picture of its size stands
// for it.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "backend/converter/steps.hpp"
#include "backend/converter/svg_document.hpp"

namespace thumbgate {
namespace {

using vips::VImage;

constexpr double kLargestSource = 10'000'000;   // pixels a side; geometry's bound
constexpr std::uint64_t kInspectionSide = 512;  // pixels; what is wrong with a drawing shows at any size

// Of the document as it is stored, in whole pixels.
Size stored_size(const SvgSize& size) {
    const auto side = [](double exact) { return static_cast<std::uint64_t>(std::max(std::round(exact), 1.0)); };
    return {side(size.width), side(size.height)};
}

// Draws an area of the document, given in its whole pixels, to a size.
Done draw_area(Job& job, const Area& area, Size to) {
    if (std::max(to.width, to.height) > SvgDocument::kLargestSide) {
        std::string detail = std::to_string(to.width) + " x " + std::to_string(to.height);
        return std::unexpected(Failure{Outcome::result_side_too_long, std::move(detail)});
    }
    const SvgSize exact = *job.drawing->size();
    const Size whole = stored_size(exact);
    const auto ratio = [](auto one, auto other) { return static_cast<double>(one) / static_cast<double>(other); };
    const double pixel_width = ratio(exact.width, whole.width);  // in the document's own units
    const double pixel_height = ratio(exact.height, whole.height);
    const SvgView view{.left = static_cast<double>(area.left) * pixel_width,
                       .top = static_cast<double>(area.top) * pixel_height,
                       .across = ratio(to.width, area.size.width) / pixel_width,
                       .down = ratio(to.height, area.size.height) / pixel_height};
    auto drawn = job.drawing->draw(exact, view, to);
    if (!drawn) return std::unexpected(Failure{Outcome::corrupt, drawn.error()});
    job.image = *drawn;
    return {};
}

Size stored_source(const Job& job) {
    return oriented(job.orientation, job.source_size);
}

}  // namespace

Done open_drawing(Job& job) {
    std::size_t size = 0;
    const void* bytes = vips_source_map(job.source.get_source(), &size);
    if (bytes == nullptr) throw vips::VError();
    auto document = SvgDocument::parse({static_cast<const char*>(bytes), size});
    if (!document) return std::unexpected(Failure{Outcome::corrupt, document.error()});
    const auto exact = document->size();
    if (!exact) return std::unexpected(Failure{Outcome::no_size, "neither width and height nor a viewBox"});
    if (std::max(exact->width, exact->height) > kLargestSource) {
        return std::unexpected(Failure{Outcome::side_too_long, "more than libvips takes"});
    }
    job.drawing = std::make_shared<SvgDocument>(std::move(*document));
    const Size stored = stored_size(*exact);
    job.orientation = orientation_of(job.request, 1);
    job.source_size = oriented(job.orientation, stored);
    job.image = VImage::black(static_cast<int>(stored.width), static_cast<int>(stored.height),
                              VImage::option()->set("bands", 4));
    return {};
}

Done draw_for_inspection(Job& job) {
    if (!job.drawing) return {};
    const Size whole = stored_source(job);
    const std::uint64_t longer = std::max(whole.width, whole.height);
    const auto side = [&](std::uint64_t pixels) {
        return longer <= kInspectionSide ? pixels : std::max<std::uint64_t>(pixels * kInspectionSide / longer, 1);
    };
    return draw_area(job, {0, 0, whole}, {side(whole.width), side(whole.height)});
}

Done draw_for_trim(Job& job) {
    if (!job.drawing || !job.request.trims) return {};
    const Size whole = stored_source(job);
    return draw_area(job, {0, 0, whole}, whole);
}

// What follows finds a picture of just the size that it would make of one.
Done draw(Job& job) {
    if (!job.drawing) return {};
    Area used = stored_area(job.orientation, job.plan.used, stored_source(job));
    used.left += job.trimmed_left;
    used.top += job.trimmed_top;
    if (auto drawn = draw_area(job, used, oriented(job.orientation, job.plan.scaled)); !drawn) return drawn;
    job.source_size = job.plan.scaled;
    job.plan.used = {0, 0, job.plan.scaled};
    return {};
}

}  // namespace thumbgate
