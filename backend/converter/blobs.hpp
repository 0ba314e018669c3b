// The blocks of bytes that an image carries besides its pixels.
#pragma once

#include <cstddef>
#include <vips/vips8>

namespace thumbgate {

// Where `from` has a block of that name, `to` gets a copy.
inline void copy_blob(const vips::VImage& from, const vips::VImage& to, const char* name) {
    if (from.get_typeof(name) == 0) return;
    std::size_t size = 0;
    const void* blob = from.get_blob(name, &size);
    vips_image_set_blob_copy(to.get_image(), name, blob, size);
}

}  // namespace thumbgate
