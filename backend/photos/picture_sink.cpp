#include "backend/photos/picture_sink.hpp"

#include <algorithm>
#include <utility>

#include "backend/conversion/formats.hpp"
#include "backend/conversion/svg_sniff.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace {

constexpr std::size_t kHeadBytes = 32;  // enough for every format's first bytes, but for those of SVG
constexpr std::string_view kPhotoField = "photo";

}  // namespace

Error too_large(std::uint64_t max_bytes) {
    return {413, "picture_too_large", "The picture is larger than the limit of " + describe_size(max_bytes) + "."};
}

Error empty_picture() {
    return {400, "empty_picture",
            "There is no picture in this request: send its bytes as the body, or as the field \"photo\" of a form."};
}

void PictureSink::add(std::string_view bytes) {
    if (error_) return;
    bytes_ += bytes.size();
    check_size();
    if (!error_ && !looked_) {
        head_ += bytes.substr(0, kLongestHead - head_.size());
        if (head_.size() >= kHeadBytes) look_at_first_bytes(head_.size() == kLongestHead);
    }
    if (!error_) collected_ += bytes;
}

void PictureSink::finish() {
    if (error_) return;
    if (bytes_ == 0) {
        error_ = empty_picture();
    } else if (!looked_) {
        look_at_first_bytes(true);
    }
}

void PictureSink::check_size() {
    if (bytes_ > max_bytes_) {
        error_ = too_large(max_bytes_);
    } else if (format_ == SourceFormat::svg && bytes_ > max_svg_bytes_) {
        error_ = Error{413, "svg_too_large",
                       "The picture is larger than the limit of " + describe_size(max_svg_bytes_) + " for SVG."};
    }
}

// `is_all`: what does not say by now what it is is not waited for.
void PictureSink::look_at_first_bytes(bool is_all) {
    format_ = sniff(head_);
    if (!format_ && !is_all && sniff_svg(head_) == Sniffed::undecided) return;
    looked_ = true;
    if (format_) return check_size();
    if (is_gzip(head_)) {
        error_ = Error{415, "compressed", "This is compressed by gzip; if it is an SVG (.svgz), send it unpacked."};
        return;
    }
    if (is_video(head_)) {
        error_ =
            Error{415, "video", "This is a video; thumbnails are made of pictures. Send one of its frames instead."};
        return;
    }
    error_ = Error{415, "unsupported_format",
                   "This is not a picture of a format that is read: " + std::string(kReadFormats) + "."};
}

void PictureSink::on_part_begin(std::string_view field_name) {
    in_photo_ = field_name == kPhotoField;
    if (in_photo_ && saw_photo_ && !error_) {
        error_ =
            Error{400, "several_pictures", "The form has more than one field \"photo\"; send one picture at a time."};
    }
    saw_photo_ = saw_photo_ || in_photo_;
}

void PictureSink::on_part_data(std::string_view bytes) {
    if (in_photo_) add(bytes);
}

}  // namespace thumbgate
