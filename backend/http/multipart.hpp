// Reads multipart/form-data (RFC 7578, RFC 2046 §5.1) as it arrives, in bounded memory, whatever the chunks. Pure; one
// parser reads one body.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace thumbgate {

// The boundary named in a Content-Type of multipart/form-data; nullopt for another type.
// An empty string: it is multipart/form-data, but its boundary is missing or not valid.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// Receives the parts in order.
class MultipartSink {
  public:
    virtual ~MultipartSink() = default;
    virtual void on_part_begin(std::string_view field_name) = 0;
    virtual void on_part_data(std::string_view bytes) = 0;
    virtual void on_part_end() = 0;
};

class MultipartParser {
  public:
    MultipartParser(std::string_view boundary, MultipartSink& sink);

    // The error is a sentence for the sender; after one the parser must not be fed again.
    std::expected<void, std::string> feed(std::string_view bytes);

    // At the end of the body: an error unless the closing boundary was seen.
    std::expected<void, std::string> finish() const;

  private:
    enum class State { preamble, after_boundary, part_header, part_data, epilogue };

    // Each consumes from the front of `rest`. False: more bytes are needed.
    std::expected<bool, std::string> step(std::string_view& rest);
    bool read_data(std::string_view& rest);
    std::expected<bool, std::string> read_after_boundary(std::string_view& rest);
    std::expected<bool, std::string> read_part_header(std::string_view& rest);

    std::string delimiter_;  // CR LF "--" boundary
    MultipartSink& sink_;
    State state_ = State::preamble;
    std::string pending_;  // not yet consumed: less than a delimiter, or a part's header
    unsigned parts_ = 0;
};

}  // namespace thumbgate
