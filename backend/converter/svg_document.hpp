// An SVG document, as librsvg reads it: parsed once, drawn at any size. Nothing outside of its bytes is a part of it:
// it has no address that a reference could be relative to, so librsvg loads none but those that hold their data
// themselves (data:), and it knows no scripts. Not thread-safe.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vips/vips8>

#include "backend/converter/geometry.hpp"

typedef struct _RsvgHandle RsvgHandle;

namespace thumbgate {

// In pixels of CSS, of which 96 are an inch. More than 0.
struct SvgSize {
    double width;
    double height;
};

// Which part of a document is drawn: a pixel at (x, y) of the drawing shows what is at
// (left + x / across, top + y / down) of the document.
struct SvgView {
    double left;
    double top;
    double across;  // scale
    double down;
};

class SvgDocument {
  public:
    // Drawings have no more pixels on a side.
    static constexpr std::uint64_t kLargestSide = 32'767;

    // The error is librsvg's, for the log.
    static std::expected<SvgDocument, std::string> parse(std::string_view bytes);

    // By its width and height, else its viewBox. nullopt: it has neither, or it is empty.
    std::optional<SvgSize> size() const;

    // RGBA of 8 bits in memory, transparent where the document shows nothing. `document`: what size() says. `drawing`:
    // at most kLargestSide on a side. Throws std::bad_alloc.
    std::expected<vips::VImage, std::string> draw(const SvgSize& document, const SvgView& view, Size drawing) const;

  private:
    struct Release {
        void operator()(RsvgHandle* handle) const;
    };

    explicit SvgDocument(RsvgHandle* handle) : handle_(handle) {}

    std::unique_ptr<RsvgHandle, Release> handle_;
};

}  // namespace thumbgate
