#include "backend/converter/svg_document.hpp"

#include <cairo.h>
#include <librsvg/rsvg.h>

#include <cmath>
#include <cstdint>
#include <new>
#include <span>

namespace thumbgate {
namespace {

using vips::VImage;

constexpr double kPixelsPerInch = 96;  // of CSS
constexpr int kChannels = 4;

struct Unref {
    void operator()(void* object) const { g_object_unref(object); }
};
struct MemoryDeleter {
    void operator()(std::uint8_t* memory) const { g_free(memory); }
};
struct SurfaceDeleter {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct ContextDeleter {
    void operator()(cairo_t* context) const { cairo_destroy(context); }
};

std::unexpected<std::string> taken(GError* error) {
    std::string text = error != nullptr ? error->message : "no reason is given";
    g_clear_error(&error);
    return std::unexpected(std::move(text));
}

// librsvg has no code for it: what cairo could not allocate for a layer is an error of rendering like any other.
bool says_out_of_memory(std::string_view words) {
    return words.contains("NoMemory") || words.contains("out of memory");
}

bool is_size(double side) {
    return std::isfinite(side) && side > 0;
}

// From cairo's pixels, which are multiplied by their alpha, to those of a PNG.
void unpremultiply(std::span<std::uint8_t> pixels) {
    constexpr std::uint32_t kOpaque = 255;
    for (std::size_t at = 0; at < pixels.size(); at += kChannels) {
        std::uint32_t pixel = 0;
        std::memcpy(&pixel, &pixels[at], sizeof pixel);
        const std::uint32_t alpha = pixel >> 24U;
        const auto channel = [&](unsigned shift) {
            const std::uint32_t value = (pixel >> shift) & kOpaque;
            return static_cast<std::uint8_t>(alpha == 0 ? 0 : std::min((value * kOpaque + alpha / 2) / alpha, kOpaque));
        };
        pixels[at] = channel(16);
        pixels[at + 1] = channel(8);
        pixels[at + 2] = channel(0);
        pixels[at + 3] = static_cast<std::uint8_t>(alpha);
    }
}

}  // namespace

void SvgDocument::Release::operator()(RsvgHandle* handle) const {
    g_object_unref(handle);
}

std::expected<SvgDocument, std::string> SvgDocument::parse(std::string_view bytes) {
    const std::unique_ptr<GInputStream, Unref> stream(
        g_memory_input_stream_new_from_data(bytes.data(), static_cast<gssize>(bytes.size()), nullptr));
    GError* error = nullptr;
    RsvgHandle* handle =
        rsvg_handle_new_from_stream_sync(stream.get(), nullptr, RSVG_HANDLE_FLAGS_NONE, nullptr, &error);
    if (handle == nullptr) return taken(error);
    rsvg_handle_set_dpi(handle, kPixelsPerInch);
    return SvgDocument(handle);
}

std::optional<SvgSize> SvgDocument::size() const {
    SvgSize size{};
    if (rsvg_handle_get_intrinsic_size_in_pixels(handle_.get(), &size.width, &size.height) == FALSE) {
        gboolean has_width = FALSE;
        gboolean has_height = FALSE;
        gboolean has_view_box = FALSE;
        RsvgLength width{};
        RsvgLength height{};
        RsvgRectangle view_box{};
        rsvg_handle_get_intrinsic_dimensions(handle_.get(), &has_width, &width, &has_height, &height, &has_view_box,
                                             &view_box);
        if (has_view_box == FALSE) return std::nullopt;
        size = {view_box.width, view_box.height};
    }
    return is_size(size.width) && is_size(size.height) ? std::optional(size) : std::nullopt;
}

std::expected<VImage, std::string> SvgDocument::draw(const SvgSize& document, const SvgView& view, Size drawing) const {
    const int width = static_cast<int>(drawing.width);
    const int height = static_cast<int>(drawing.height);
    const std::size_t bytes = drawing.width * drawing.height * kChannels;
    std::unique_ptr<std::uint8_t, MemoryDeleter> pixels(static_cast<std::uint8_t*>(g_try_malloc0(bytes)));
    if (!pixels) throw std::bad_alloc();
    {
        const std::unique_ptr<cairo_surface_t, SurfaceDeleter> surface(
            cairo_image_surface_create_for_data(pixels.get(), CAIRO_FORMAT_ARGB32, width, height, width * kChannels));
        const std::unique_ptr<cairo_t, ContextDeleter> context(cairo_create(surface.get()));
        cairo_scale(context.get(), view.across, view.down);
        cairo_translate(context.get(), -view.left, -view.top);
        const RsvgRectangle whole{0, 0, document.width, document.height};
        GError* error = nullptr;
        if (rsvg_handle_render_document(handle_.get(), context.get(), &whole, &error) == FALSE) {
            auto failure = taken(error);
            if (says_out_of_memory(failure.error())) throw std::bad_alloc();
            return failure;
        }
        cairo_surface_flush(surface.get());
    }
    unpremultiply({pixels.get(), bytes});
    VImage image = VImage::new_from_memory_steal(pixels.release(), bytes, width, height, kChannels, VIPS_FORMAT_UCHAR);
    image.get_image()->Type = VIPS_INTERPRETATION_sRGB;
    return image;
}

}  // namespace thumbgate
