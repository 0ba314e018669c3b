// The bytes of an uploaded picture on their way: out of a form if it is one, counted, looked at, and collected until
// they are taken away. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "backend/converter/protocol.hpp"
#include "backend/error.hpp"
#include "backend/http/multipart.hpp"

namespace thumbgate {

class PictureSink final : public MultipartSink {
  public:
    PictureSink(std::uint64_t max_bytes, std::uint64_t max_svg_bytes)
        : max_bytes_(max_bytes), max_svg_bytes_(max_svg_bytes) {}

    // Of the picture itself. Once `error` is set, nothing more is taken.
    void add(std::string_view bytes);
    // Nothing more comes: is what came a picture?
    void finish();

    const std::optional<Error>& error() const { return error_; }
    std::uint64_t bytes() const { return bytes_; }
    // By its first bytes, once it is finished.
    std::optional<SourceFormat> format() const { return format_; }
    std::size_t collected() const { return collected_.size(); }
    std::string take() { return std::exchange(collected_, {}); }

    // In a form, the field "photo" is the picture; other fields are passed over.
    void on_part_begin(std::string_view field_name) override;
    void on_part_data(std::string_view bytes) override;
    void on_part_end() override { in_photo_ = false; }
    bool saw_photo_field() const { return saw_photo_; }

  private:
    void look_at_first_bytes(bool is_all);
    void check_size();

    std::uint64_t max_bytes_;
    std::uint64_t max_svg_bytes_;
    std::uint64_t bytes_ = 0;
    std::string head_;  // the first bytes, until they were looked at
    bool looked_ = false;
    std::optional<SourceFormat> format_;
    std::string collected_;
    std::optional<Error> error_;
    bool in_photo_ = false;
    bool saw_photo_ = false;
};

// "The picture is larger than the 64 MiB that are taken."
Error too_large(std::uint64_t max_bytes);
Error empty_picture();

}  // namespace thumbgate
