// PNG with a palette, for pictures of so few colours that it holds them all: logos, drawings, screenshots. Exactly the
// same pixels in a fraction of the bytes.
#pragma once

#include <string>
#include <vips/vips8>

namespace thumbgate {

// The picture as PNG with a palette; empty where it has more colours than that holds, shades of grey (which need none),
// or samples of more than 8 bits. Evaluates the picture. Throws vips::VError.
std::string png_with_palette(const vips::VImage& image);

}  // namespace thumbgate
