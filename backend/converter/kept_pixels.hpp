// The pixels of the last source, kept from one job to the next while other sizes of it are waited for: one decode
// serves them all. A converter has one of these; not thread-safe.
#pragma once

#include <optional>
#include <vips/vips8>

#include "backend/converter/protocol.hpp"

namespace thumbgate {

class KeptPixels {
  public:
    struct Decoded {
        vips::VImage image;
        int shrunk_on_load = 1;
    };

    // Of that source, shrunk by no more than `most`.
    std::optional<Decoded> find(const SourceDigest& source, int most) const;

    // Decodes the image into memory and keeps it, in place of what was kept before; returns it as it came where that
    // would take too much. Throws vips::VError.
    vips::VImage keep(const SourceDigest& source, const vips::VImage& image, int shrunk_on_load);

    void forget();
    void forget_others_than(const SourceDigest& source);

  private:
    SourceDigest source_{};
    Decoded decoded_;
};

}  // namespace thumbgate
