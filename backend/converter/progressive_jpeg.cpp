#include "backend/converter/progressive_jpeg.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace thumbgate {
namespace {

// Markers, ITU-T T.81 table B.1.
constexpr unsigned kProgressive = 0xC2;  // SOF2
constexpr unsigned kHuffmanTables = 0xC4;
constexpr unsigned kFirstRestart = 0xD0;
constexpr unsigned kLastRestart = 0xD7;
constexpr unsigned kStartOfImage = 0xD8;
constexpr unsigned kEndOfImage = 0xD9;
constexpr unsigned kStartOfScan = 0xDA;
constexpr unsigned kQuantisationTables = 0xDB;
constexpr unsigned kFirstFrame = 0xC0;
constexpr unsigned kLastFrame = 0xCF;
constexpr unsigned kArithmeticConditioning = 0xCC;

constexpr std::size_t kMarkerBytes = 2;
constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kTables = 4;
constexpr std::size_t kCoefficients = 64;
constexpr std::size_t kMaxComponents = 3;

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes.at(at));
}

std::size_t big_endian_16(std::string_view bytes, std::size_t at) {
    return std::size_t{byte_at(bytes, at)} << 8U | byte_at(bytes, at + 1);
}

bool is_frame(unsigned marker) {
    return marker >= kFirstFrame && marker <= kLastFrame && marker != kHuffmanTables &&
           marker != kArithmeticConditioning && marker != 0xC8;
}

struct Component {
    unsigned id = 0;
    unsigned horizontal = 1;  // sampling factors
    unsigned vertical = 1;
    unsigned table = 0;
    std::size_t table_at = 0;  // where the frame header names it, in its payload
};

struct Frame {
    std::array<Component, kMaxComponents> components{};
    std::size_t count = 0;

    const Component* find(unsigned id) const {
        const auto* end = components.begin() + count;
        const auto* found = std::find_if(components.begin(), end, [&](const Component& c) { return c.id == id; });
        return found == end ? nullptr : found;
    }
    bool is_decoded_larger(const Component& component) const {
        unsigned horizontal = 1;
        unsigned vertical = 1;
        for (const Component& other : components) {
            horizontal = std::max(horizontal, other.horizontal);
            vertical = std::max(vertical, other.vertical);
        }
        return component.horizontal * 2 <= horizontal && component.vertical * 2 <= vertical;
    }
    // One that no component uses; there are fewer components than tables.
    unsigned free_table() const {
        for (unsigned table = 0; table < kTables; ++table) {
            if (std::ranges::none_of(components, [&](const Component& c) { return c.table == table; })) return table;
        }
        return kTables - 1;
    }
};

// `payload`: what follows the segment's length.
std::optional<Frame> read_frame(std::string_view payload) {
    constexpr std::size_t kHeader = 6;
    constexpr std::size_t kEach = 3;
    if (payload.size() < kHeader || byte_at(payload, 0) != 8) return std::nullopt;
    Frame frame;
    frame.count = byte_at(payload, 5);
    if (frame.count == 0 || frame.count > kMaxComponents) return std::nullopt;
    if (payload.size() != kHeader + kEach * frame.count) return std::nullopt;
    for (std::size_t i = 0; i < frame.count; ++i) {
        const std::size_t at = kHeader + kEach * i;
        const unsigned sampling = byte_at(payload, at + 1);
        const Component component{byte_at(payload, at), sampling >> 4U, sampling & 0xFU, byte_at(payload, at + 2),
                                  at + 2};
        const bool is_valid = component.horizontal - 1 < 4 && component.vertical - 1 < 4 && component.table < kTables;
        if (!is_valid || frame.find(component.id) != nullptr) return std::nullopt;
        frame.components.at(i) = component;
    }
    return frame;
}

using Table = std::string_view;  // as it is written: its precision and number, and the 64 divisors

// Remembers the tables of a segment by their numbers; false when it is malformed.
bool read_tables(std::string_view payload, std::array<Table, kTables>& tables) {
    while (!payload.empty()) {
        const unsigned first = byte_at(payload, 0);
        const std::size_t size = 1 + kCoefficients * ((first >> 4U) + 1);
        if (first >> 4U > 1 || (first & 0xFU) >= kTables || payload.size() < size) return false;
        tables.at(first & 0xFU) = payload.substr(0, size);
        payload.remove_prefix(size);
    }
    return true;
}

// A segment with a copy of `table` as number `number`, whose second divisor is 0: libjpeg then smooths no blocks.
std::string table_without_smoothing(Table table, unsigned number) {
    std::string copy(table);
    const std::size_t width = (byte_at(table, 0) >> 4U) + 1;
    copy[0] = static_cast<char>((byte_at(table, 0) & 0xF0U) | number);
    std::fill_n(copy.begin() + static_cast<std::ptrdiff_t>(1 + width), width, '\0');
    const std::size_t length = copy.size() + kLengthBytes;
    const std::array<unsigned, 4> head{0xFF, kQuantisationTables, static_cast<unsigned>(length >> 8U),
                                       static_cast<unsigned>(length & 0xFFU)};
    std::string segment(head.begin(), head.end());
    return segment + copy;
}

// Whether a decode at 1/8 looks at this scan. nullopt: it is malformed.
std::optional<bool> is_needed(std::string_view payload, const Frame& frame) {
    if (payload.empty()) return std::nullopt;
    const std::size_t count = byte_at(payload, 0);
    if (count == 0 || payload.size() != 4 + 2 * count) return std::nullopt;
    if (byte_at(payload, 1 + 2 * count) == 0) return true;  // it begins at the DC coefficient
    const Component* component = frame.find(byte_at(payload, 1));
    if (component == nullptr || count != 1) return std::nullopt;
    return frame.is_decoded_larger(*component);
}

// Where entropy-coded data ends: at a marker that is none of a restart.
std::size_t end_of_data(std::string_view jpeg, std::size_t at) {
    while ((at = jpeg.find('\xFF', at)) != std::string_view::npos && at + 1 < jpeg.size()) {
        const unsigned next = byte_at(jpeg, at + 1);
        const bool is_data = next == 0 || (next >= kFirstRestart && next <= kLastRestart);
        if (!is_data && next != 0xFF) return at;
        at += is_data ? kMarkerBytes : 1;
    }
    return jpeg.size();
}

class Stripper {
  public:
    explicit Stripper(std::string_view jpeg) : jpeg_(jpeg) {}

    std::expected<std::string, NoEighth> run() {
        if (jpeg_.size() < kMarkerBytes || byte_at(jpeg_, 0) != 0xFF || byte_at(jpeg_, 1) != kStartOfImage) {
            return std::unexpected(NoEighth::unsuited);
        }
        at_ = kMarkerBytes;
        result_.reserve(jpeg_.size() / 2);
        result_.append(jpeg_, 0, at_);
        while (!done_ && !why_not_) take_segment();
        if (why_not_) return std::unexpected(*why_not_);
        return std::move(result_);
    }

  private:
    void take_segment() {
        while (at_ + 1 < jpeg_.size() && byte_at(jpeg_, at_) == 0xFF && byte_at(jpeg_, at_ + 1) == 0xFF) ++at_;
        if (at_ + kMarkerBytes > jpeg_.size()) return give_up(NoEighth::truncated);
        if (byte_at(jpeg_, at_) != 0xFF) return give_up(NoEighth::unsuited);
        const unsigned marker = byte_at(jpeg_, at_ + 1);
        if (marker == kEndOfImage) return end();
        if (at_ + kMarkerBytes + kLengthBytes > jpeg_.size()) return give_up(NoEighth::truncated);
        const std::size_t length = big_endian_16(jpeg_, at_ + kMarkerBytes);
        const std::size_t size = kMarkerBytes + length;
        if (length < kLengthBytes) return give_up(NoEighth::unsuited);
        if (size > jpeg_.size() - at_) return give_up(NoEighth::truncated);
        const std::string_view segment = jpeg_.substr(at_, size);
        at_ += size;
        take(marker, segment);
    }

    void take(unsigned marker, std::string_view segment) {
        const std::string_view payload = segment.substr(kMarkerBytes + kLengthBytes);
        if (marker == kStartOfScan) return take_scan(segment, payload);
        if (is_frame(marker)) {
            if (marker != kProgressive || frame_) return give_up(NoEighth::unsuited);
            frame_ = read_frame(payload);
            if (!frame_) return give_up(NoEighth::unsuited);
            frame_at_ = result_.size() + kMarkerBytes + kLengthBytes;
        } else if (marker == kQuantisationTables) {
            // A table that changes between scans counts for the later ones alone: too rare to follow.
            if (has_scans_ || !read_tables(payload, tables_)) return give_up(NoEighth::unsuited);
        }
        result_ += segment;
    }

    void take_scan(std::string_view segment, std::string_view payload) {
        const auto needed = frame_ ? is_needed(payload, *frame_) : std::nullopt;
        if (!needed) return give_up(NoEighth::unsuited);
        if (!has_scans_ && !stop_smoothing()) return give_up(NoEighth::unsuited);
        has_scans_ = true;
        const std::size_t end = end_of_data(jpeg_, at_);
        if (*needed) {
            keeps_scans_ = true;
            result_ += segment;
            result_ += jpeg_.substr(at_, end - at_);
        }
        at_ = end;
    }

    // The first component, whose AC coefficients are dropped, gets a table of its own.
    bool stop_smoothing() {
        const Component& component = frame_->components.front();
        const Table table = tables_.at(component.table);
        if (table.empty() || frame_->is_decoded_larger(component)) return false;
        const unsigned number = frame_->free_table();
        result_.at(frame_at_ + component.table_at) = static_cast<char>(number);
        result_ += table_without_smoothing(table, number);
        return true;
    }

    void end() {
        if (!keeps_scans_) return give_up(NoEighth::unsuited);
        result_ += jpeg_.substr(at_, kMarkerBytes);
        done_ = true;
    }

    void give_up(NoEighth why) { why_not_ = why; }

    std::string_view jpeg_;
    std::size_t at_ = 0;
    std::string result_;
    std::optional<Frame> frame_;
    std::size_t frame_at_ = 0;  // its payload's place in the result
    std::array<Table, kTables> tables_{};
    bool has_scans_ = false;
    bool keeps_scans_ = false;
    bool done_ = false;
    std::optional<NoEighth> why_not_;
};

}  // namespace

std::expected<std::string, NoEighth> for_eighth(std::string_view jpeg) {
    Stripper stripper(jpeg);
    return stripper.run();
}

}  // namespace thumbgate
