#include "backend/conversion/watermark.hpp"

#include <utility>

namespace thumbgate {

std::expected<std::shared_ptr<const WatermarkPicture>, std::string> WatermarkPicture::read(
    const WatermarkConfig& config) {
    auto picture = OwnPicture::read(config.picture);
    if (!picture) return std::unexpected(picture.error());
    return std::shared_ptr<const WatermarkPicture>(new WatermarkPicture(std::move(*picture), config.opacity));
}

std::string WatermarkPicture::version() const {
    return picture_.digest() + "@" + format_decimal(opacity_, kDprUnit);
}

std::unexpected<Error> no_watermark() {
    return fail(400, "watermark_not_configured",
                "This link asks for a watermark (wm), and none is configured here; thumbgated takes one by "
                "--watermark.");
}

std::unexpected<Error> no_watermark_for_svg() {
    return fail(400, "watermark_not_png",
                "This link asks for a watermark (wm) on SVG, which takes one that is PNG, and the one configured here "
                "is not.");
}

}  // namespace thumbgate
