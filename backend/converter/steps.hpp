// The steps a job goes through. Each takes the job as the one before left it. Pictures are lazy up to `decode`: the
// steps before it build a pipeline, and `decode` (or `reduce`) runs it, so that what the source's bytes do wrong shows
// there.
// A step may throw vips::VError; pipeline.cpp says for each which Outcome that is.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <vips/vips8>

#include "backend/converter/geometry.hpp"
#include "backend/converter/orientation.hpp"
#include "backend/converter/protocol.hpp"
#include "backend/converter/shared_pixels.hpp"
#include "backend/converter/thumbhash.hpp"
#include "backend/converter/zygote_protocol.hpp"

namespace thumbgate {

class SvgDocument;

struct Job {
    const JobRequest& request;
    ConverterKind kind;
    const JobFiles& files;
    SharedPixels& shared;
    vips::VSource source;
    std::string scans = {};  // what `source` reads instead, where a part of the file does

    SourceFormat source_format{};
    int shrunk_on_load = 1;     // by this factor, by libjpeg
    bool is_decoded = false;    // before it was planned; then nothing is left to shrink on load
    std::uint64_t pages = 1;    // of the source, or its frames
    int exif_orientation = 1;   // 1 to 8
    Orientation orientation{};  // what turns the stored pixels into what is shown
    Size source_size{};         // as shown
    Plan plan{};                // of an inspection what orient() needs alone
    vips::VImage image{};
    std::optional<VipsBandFormat> premultiplied_from{};

    std::shared_ptr<const SvgDocument> drawing = {};  // of SVG
    std::uint64_t trimmed_left = 0;                   // of a drawing, as it is stored
    std::uint64_t trimmed_top = 0;
    vips::VImage watermark{};  // as it is put on a frame, with transparency; null: there is none

    std::uint64_t frames = 1;  // of the result, or loaded for an inspection
    vips::VImage strip{};      // all of them, one below the other, while `image` is one of them
    std::vector<vips::VImage> done_frames{};
    std::vector<int> delays{};  // milliseconds
    int loop = 0;               // times; 0: for ever
    Format moving_format{};     // of the result, where there are more

    bool has_alpha = false;
    Format format{};             // of the result
    std::string copyright = {};  // EXIF that the result keeps; empty: none
    int quality = 0;             // that it is encoded with
    std::uint64_t output_bytes = 0;

    Colour dominant_colour{};  // inspect alone, as is what follows
    ThumbHash thumbhash{};
};

struct Failure {
    Outcome outcome;
    std::string detail;  // for the log
};

using Done = std::expected<void, Failure>;

// load.cpp
Done identify(Job& job);      // by its first bytes, whatever libvips could read besides
Done look_through(Job& job);  // how much there is to decode, before libvips finds out
Done open(Job& job);          // reads the header
Done check_size(Job& job);    // against max_side, max_frames and max_pixels, before any pixel is decoded
Done plan_result(Job& job);
Done shrink_on_load(Job& job);  // lets the decoder do the coarse part of the scaling, where it can
Done take_used_area(Job& job);  // what a crop leaves of the source
Done shrink_for_inspection(Job& job);
Done load_frames(Job& job, std::uint64_t frames);  // one below the other

// impression.cpp
Done choose_samples(Job& job);  // whole numbers, which can be summed up
Done take_means(Job& job);      // decodes every pixel and keeps none; finds out about transparency
Done describe_means(Job& job);  // of the first frame, in sRGB and as shown

// drawing.cpp: what the steps above and `trim` do with SVG
Done open_drawing(Job& job);         // parses it
Done draw_for_inspection(Job& job);  // whole, as a small picture
Done draw_for_trim(Job& job);        // whole, in its own size; of anything else nothing
Done draw(Job& job);                 // what is used, in the size to which it is scaled

// animation.cpp
bool may_move(const Job& job);  // source and result, as far as their formats go
Done choose_frames(Job& job);   // all, where source and result may move and it is not too much; else the first
Done look_at_all_frames(Job& job);
Done take_frame(Job& job);  // the next
Done keep_frame(Job& job);
Done join_frames(Job& job);
void describe_animation(Job& job);  // for the encoder

// trim.cpp
Done trim(Job& job);  // cuts off what is all background; from here on that was never there

// reduce.cpp
Done reduce(Job& job);  // makes plain pixels smaller, and decodes them for that; what it leaves is for `resize`

// transform.cpp
Done choose_colour_space(Job& job);  // to scale in
Done premultiply(Job& job);
Done resize(Job& job);
Done unpremultiply(Job& job);
Done convert_to_srgb(Job& job);
Done decode(Job& job);  // into memory
Done orient(Job& job);
Done crop(Job& job);

// effects.cpp
Done blur_and_sharpen(Job& job);
Done pixelate(Job& job);
Done extend(Job& job);           // to the canvas, with transparency
Done fill_background(Job& job);  // instead of transparency, where the link names a colour

// watermark.cpp
JobRequest watermark_request(const Job& job);                // to be scaled for the planned result
void take_watermark(Job& job, const vips::VImage& picture);  // that came out of it
Done put_watermark_on(Job& job);

// keep_copyright.cpp
Done take_copyright(Job& job);
Done give_copyright(Job& job);

// save.cpp
Done drop_opaque_alpha(Job& job);
Done choose_format(Job& job);
Done flatten(Job& job);  // onto white, where the format has no transparency
Done strip(Job& job);    // all metadata of the source
Done encode(Job& job);

}  // namespace thumbgate
