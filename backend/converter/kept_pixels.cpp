#include "backend/converter/kept_pixels.hpp"

namespace thumbgate {
namespace {

constexpr std::uint64_t kMostBytes = 64ULL << 20;  // 21 megapixels of three bytes

}  // namespace

std::optional<KeptPixels::Decoded> KeptPixels::find(const SourceDigest& source, int most) const {
    if (source == SourceDigest{} || source != source_ || decoded_.shrunk_on_load > most) return std::nullopt;
    return decoded_;
}

vips::VImage KeptPixels::keep(const SourceDigest& source, const vips::VImage& image, int shrunk_on_load) {
    forget();
    if (source == SourceDigest{} || VIPS_IMAGE_SIZEOF_IMAGE(image.get_image()) > kMostBytes) return image;
    decoded_ = {image.copy_memory(), shrunk_on_load};
    source_ = source;
    return decoded_.image;
}

void KeptPixels::forget() {
    source_ = {};
    decoded_ = {};
}

void KeptPixels::forget_others_than(const SourceDigest& source) {
    if (source_ != source) forget();
}

}  // namespace thumbgate
