// The pixels of a source, decoded once for all converters that make something of it. They lie in a file in memory that
// the broker makes and passes along with each job of that source: empty until a converter fills it, and never written
// again. What a JPEG's decoder could have shrunk is there in each of the decoder's sizes.
//
// The converters that see the file are those that decode this one source. What one of them writes there, in an
// attacker's hands, harms no other picture; and it is checked as all that a picture's file says is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vips/vips8>

namespace thumbgate {

// Of one job. An image that it returns is good until the next call, or until this object goes. Not thread-safe.
class SharedPixels {
  public:
    // `descriptor`: not owned; -1: nothing is shared.
    explicit SharedPixels(int descriptor) : descriptor_(descriptor) {}
    SharedPixels(const SharedPixels&) = delete;
    SharedPixels& operator=(const SharedPixels&) = delete;
    ~SharedPixels();

    struct Decoded {
        vips::VImage image;
        int shrunk = 1;  // by this factor
    };

    // What is there of the source whose opened image that is, shrunk by `most` or as little less as there is.
    std::optional<Decoded> find(const vips::VImage& opened, int most);

    // Decodes the image into the file, with halves of it down to those that are shrunk by `smallest`. False, and
    // nothing was decoded: it is too large, or another converter is at it. Throws vips::VError.
    bool keep(const vips::VImage& image, int shrunk, int smallest);

  private:
    bool map(std::size_t bytes, bool writable);

    int descriptor_;
    std::byte* mapped_ = nullptr;
    std::size_t mapped_bytes_ = 0;
};

}  // namespace thumbgate
