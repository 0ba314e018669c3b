#include "backend/converter/survey.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <vector>

namespace thumbgate {
namespace {

using namespace std::string_view_literals;

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
    return value;
}

// A file through a buffer, in any order; best forwards. What cannot be read is the file's end.
class FileWindow {
  public:
    explicit FileWindow(int descriptor) : descriptor_(descriptor), buffer_(kSize) {
        struct stat facts{};
        if (fstat(descriptor, &facts) == 0) size_ = static_cast<std::uint64_t>(facts.st_size);
    }

    std::uint64_t behind(std::uint64_t offset) const { return size_ - std::min(offset, size_); }  // bytes to the end

    // The bytes from there on, `wanted` (at most kSize) or more; fewer only where the file ends.
    std::string_view at(std::uint64_t offset, std::size_t wanted) {
        const bool inside = offset >= start_ && offset - start_ <= filled_;
        if (!inside || filled_ - (offset - start_) < wanted) fill(offset);
        const std::uint64_t skipped = offset - start_;
        return {buffer_.data() + skipped, filled_ - skipped};
    }

    // Exactly so many, or none.
    std::optional<std::string_view> field(std::uint64_t offset, std::size_t size) {
        const std::string_view bytes = at(offset, size);
        if (bytes.size() < size) return std::nullopt;
        return bytes.substr(0, size);
    }

  private:
    static constexpr std::size_t kSize = 64 * 1024;

    void fill(std::uint64_t offset) {
        start_ = offset;
        filled_ = 0;
        if (offset > INT64_MAX) return;
        while (filled_ < kSize) {
            const ssize_t now =
                pread(descriptor_, buffer_.data() + filled_, kSize - filled_, static_cast<off_t>(offset + filled_));
            if (now < 0 && errno == EINTR) continue;
            if (now <= 0) return;
            filled_ += static_cast<std::size_t>(now);
        }
    }

    int descriptor_;
    std::uint64_t size_ = 0;
    std::vector<char> buffer_;
    std::uint64_t start_ = 0;
    std::size_t filled_ = 0;
};

class Surveyor {
  public:
    Surveyor(int descriptor, const Survey& bounds) : file_(descriptor), bounds_(bounds) {}

    Survey count(SourceFormat format) {
        switch (format) {
            case SourceFormat::jpeg:
                count_jpeg();
                break;
            case SourceFormat::png:
                count_png();
                break;
            case SourceFormat::webp:
                count_webp();
                break;
            case SourceFormat::avif:
            case SourceFormat::heic:
                count_boxes(0, UINT64_MAX, 0);
                break;
            case SourceFormat::tiff:
                count_tiff();
                break;
            case SourceFormat::jxl:
                count_jxl();
                break;
            case SourceFormat::gif:
                count_gif();
                break;
            case SourceFormat::svg:
                break;  // librsvg bounds what it makes of one
        }
        return counted_;
    }

  private:
    bool goes_on() const {
        return counted_.frames <= bounds_.frames && counted_.scans <= bounds_.scans &&
               counted_.metadata_bytes <= bounds_.metadata_bytes;
    }
    // Of the length that is claimed, what is there.
    void add_metadata(std::uint64_t at, std::uint64_t length) {
        counted_.metadata_bytes += std::max(std::min(length, file_.behind(at)), kLeastPiece);
    }

    void count_jpeg();
    std::optional<unsigned> next_marker(std::uint64_t& at);
    void count_png();
    void count_webp();
    void count_gif();
    void skip_sub_blocks(std::uint64_t& at);
    void count_tiff();
    void count_jxl();
    void count_boxes(std::uint64_t at, std::uint64_t end, unsigned depth);

    FileWindow file_;
    Survey bounds_;
    Survey counted_;
};

// --- JPEG

constexpr unsigned kEndOfImage = 0xD9;
constexpr unsigned kStartOfScan = 0xDA;
constexpr unsigned kComment = 0xFE;

bool stands_alone(unsigned marker) {  // without a length: TEM, the restart markers, and the start of the image
    return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}
bool is_frame_header(unsigned marker) {  // SOF0 to SOF15, among which are DHT, JPG and DAC
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}
bool is_progressive(unsigned marker) {
    return is_frame_header(marker) && (marker & 3U) == 2;
}
bool is_application_data(unsigned marker) {
    return (marker >= 0xE0 && marker <= 0xEF) || marker == kComment;
}

// The next marker from there on, as a decoder finds it, in a scan's data as well as between segments; `at` is then
// behind it.
std::optional<unsigned> Surveyor::next_marker(std::uint64_t& at) {
    for (;;) {
        const std::string_view bytes = file_.at(at, 2);
        if (bytes.size() < 2) return std::nullopt;
        const std::size_t found = bytes.find('\xFF');
        if (found != 0) {
            at += std::min(found, bytes.size());
            continue;
        }
        const auto code = static_cast<unsigned char>(bytes[1]);
        at += code == 0xFF ? 1 : 2;
        if (code != 0xFF && code != 0) return code;
    }
}

// A picture in one scan is decoded to the end of that alone.
void Surveyor::count_jpeg() {
    constexpr std::size_t kComponentsOfFrame = 7;  // behind length, precision, height and width
    constexpr std::size_t kComponentsOfScan = 2;   // behind the length
    std::uint64_t at = 2;
    std::optional<char> components_of_frame;
    while (goes_on()) {
        const auto marker = next_marker(at);
        if (!marker || *marker == kEndOfImage) return;
        if (stands_alone(*marker)) continue;
        const auto head = file_.field(at, kComponentsOfFrame + 1);
        if (!head) return;
        const std::uint64_t length = big_endian(head->substr(0, 2));
        if (is_application_data(*marker)) add_metadata(at, length);
        if (is_frame_header(*marker) && !is_progressive(*marker)) components_of_frame = (*head)[kComponentsOfFrame];
        if (*marker == kStartOfScan) {
            ++counted_.scans;
            if ((*head)[kComponentsOfScan] == components_of_frame) return;
        }
        at += length;
    }
}

// --- PNG and WebP

void Surveyor::count_png() {
    constexpr std::array kMetadata{"zTXt"sv, "iTXt"sv, "tEXt"sv, "iCCP"sv, "eXIf"sv};
    std::uint64_t at = 8;
    while (goes_on()) {
        const auto head = file_.field(at, 8);
        if (!head || head->substr(4) == "IEND") return;
        const std::uint64_t length = big_endian(head->substr(0, 4));
        if (std::ranges::find(kMetadata, head->substr(4)) != kMetadata.end()) add_metadata(at, length);
        at += 12 + length;
    }
}

void Surveyor::count_webp() {
    constexpr std::array kPicture{"VP8 "sv, "VP8L"sv, "VP8X"sv, "ALPH"sv, "ANIM"sv};
    std::uint64_t at = 12;
    while (goes_on()) {
        const auto head = file_.field(at, 8);
        if (!head) return;
        const std::string_view type = head->substr(0, 4);
        const std::uint64_t length = little_endian(head->substr(4));
        if (type == "ANMF") {
            ++counted_.frames;
        } else if (std::ranges::find(kPicture, type) == kPicture.end()) {
            add_metadata(at, length);
        }
        at += 8 + length + length % 2;
    }
}

// --- GIF

// Bytes of a table of colours, by the flags of what it belongs to.
std::uint64_t gif_colours(char flags) {
    const auto bits = static_cast<unsigned char>(flags);
    return (bits & 0x80U) == 0 ? 0 : 3ULL << ((bits & 7U) + 1);
}

// Up to behind the empty one, which ends them.
void Surveyor::skip_sub_blocks(std::uint64_t& at) {
    for (;;) {
        const auto size = file_.field(at, 1);
        counted_.is_cut_off = !size || static_cast<unsigned char>((*size)[0]) > file_.behind(at + 1);
        if (counted_.is_cut_off) return;
        at += 1U + static_cast<unsigned char>((*size)[0]);
        if ((*size)[0] == 0) return;
    }
}

// Its end mark may be missing, as decoders do not look for it; in the middle of a frame it may not end.
void Surveyor::count_gif() {
    constexpr std::uint64_t kHeader = 13;
    constexpr std::uint64_t kFrameHeader = 10;  // with the mark in front
    const auto flags = file_.field(10, 1);
    std::uint64_t at = flags ? kHeader + gif_colours((*flags)[0]) : UINT64_MAX;
    while (goes_on() && !counted_.is_cut_off) {
        const std::uint64_t start = at;
        const auto head = file_.at(at, kFrameHeader);
        if (head.starts_with('!') && head.size() > 1) {
            const bool is_control = head[1] == '\xF9';
            skip_sub_blocks(at += 2);
            if (!is_control) add_metadata(start, at - start);
        } else if (head.starts_with(',')) {
            ++counted_.frames;
            counted_.is_cut_off = head.size() < kFrameHeader;
            if (counted_.is_cut_off) return;
            skip_sub_blocks(at += kFrameHeader + gif_colours(head[kFrameHeader - 1]) + 1);
        } else {
            return;
        }
    }
}

// --- TIFF

// Its directories are a list, each with the place of the next; one that leads back has no end.
void Surveyor::count_tiff() {
    const auto head = file_.field(0, 16);
    if (!head) return;
    const bool is_big = (*head)[2] == '+' || (*head)[3] == '+';
    const auto number = [little = head->starts_with('I')](std::string_view bytes) {
        return little ? little_endian(bytes) : big_endian(bytes);
    };
    const std::size_t count_size = is_big ? 8 : 2;
    const std::size_t entry_size = is_big ? 20 : 12;
    const std::size_t offset_size = is_big ? 8 : 4;
    std::uint64_t at = number(head->substr(is_big ? 8 : 4, offset_size));
    while (at != 0 && goes_on()) {
        const auto count = file_.field(at, count_size);
        if (!count || number(*count) > UINT16_MAX) return;
        ++counted_.frames;
        const auto next = file_.field(at + count_size + entry_size * number(*count), offset_size);
        if (!next) return;
        at = number(*next);
    }
}

// --- HEIF and AVIF

struct Container {
    std::string_view type;
    std::uint64_t header;  // bytes in front of the first box in it, behind its own size and type
};
constexpr std::array<Container, 5> kContainers{{{"meta", 4}, {"iprp", 0}, {"ipco", 0}, {"iref", 4}, {"iinf", 6}}};
constexpr unsigned kDeepest = 3;  // meta, iprp, ipco

struct Box {
    std::string_view type;
    std::uint64_t header;  // bytes of its size and type
    std::uint64_t end;
};

// The box that begins there; nullopt where there is none, or it goes beyond `end`.
std::optional<Box> box_at(FileWindow& file, std::uint64_t at, std::uint64_t end) {
    const std::string_view head = file.at(at, 16);
    if (head.size() < 8) return std::nullopt;
    std::uint64_t header = 8;
    std::uint64_t size = big_endian(head.substr(0, 4));
    if (size == 1 && head.size() >= 16) {
        header = 16;
        size = big_endian(head.substr(8, 8));
    }
    const std::uint64_t box_end = size == 0 ? end : at + size;
    if (box_end < at + header || box_end > end) return std::nullopt;
    return Box{head.substr(4, 4), header, box_end};
}

// Pixels alone, or boxes: everything in them that is not pixels.
void Surveyor::count_jxl() {
    std::uint64_t at = 0;
    while (goes_on()) {
        const auto box = file_.at(0, 2).starts_with("\xFF\x0A") ? std::nullopt : box_at(file_, at, UINT64_MAX);
        if (!box) return;
        const bool is_picture = box->type == "jxlc" || box->type == "jxlp";
        add_metadata(at, is_picture ? 0 : box->end - at);
        at = box->end;
    }
}

// The boxes that say which pictures there are, and of what: pixels are elsewhere.
void Surveyor::count_boxes(std::uint64_t at, std::uint64_t end, unsigned depth) {
    while (at < end && goes_on()) {
        const auto box = box_at(file_, at, end);
        if (!box) return;
        add_metadata(at, 0);
        const auto inner = std::ranges::find(kContainers, box->type, &Container::type);
        const std::uint64_t box_end = box->end;
        if (inner != kContainers.end() && depth < kDeepest) {
            const std::uint64_t header = box->header + inner->header;
            // From its second version on, this one counts its boxes in four bytes.
            const auto version = file_.field(at + box->header, 1);
            const std::uint64_t longer = inner->type == "iinf" && version && (*version)[0] != 0 ? 2 : 0;
            count_boxes(at + header + longer, box_end, depth + 1);
        }
        at = box_end;
    }
}

}  // namespace

Survey survey(int descriptor, SourceFormat format, const Survey& bounds) {
    return Surveyor(descriptor, bounds).count(format);
}

}  // namespace thumbgate
