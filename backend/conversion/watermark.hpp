// The picture that links may put onto theirs (`wm`), where the operator gave one. Converters get it by a descriptor
// with each job that needs it. Thread-safe.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>

#include "backend/conversion/own_picture.hpp"
#include "backend/error.hpp"
#include "contract/canonical.hpp"

namespace thumbgate {

struct WatermarkConfig {
    std::filesystem::path picture;     // empty: there is none
    std::uint32_t opacity = kDprUnit;  // thousandths; that of a link is of this
};

class WatermarkPicture {
  public:
    // The error is a sentence for the operator.
    static std::expected<std::shared_ptr<const WatermarkPicture>, std::string> read(const WatermarkConfig& config);

    const OwnPicture& picture() const { return picture_; }
    std::uint32_t opacity() const { return opacity_; }

    // What results that have it depend on: another picture or another opacity is another version.
    std::string version() const;

  private:
    WatermarkPicture(OwnPicture picture, std::uint32_t opacity) : picture_(std::move(picture)), opacity_(opacity) {}

    OwnPicture picture_;
    std::uint32_t opacity_;
};

inline bool asks_for_watermark(const Conversion& conversion) {
    return conversion.options.watermark.opacity != 0;
}

// 400: what a link is answered that asks for one where there is none.
std::unexpected<Error> no_watermark();
// 400: the same on SVG, where the one there is is no PNG.
std::unexpected<Error> no_watermark_for_svg();

}  // namespace thumbgate
