#include "backend/units.hpp"

#include <algorithm>
#include <array>

#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 7> kDurations{
    {{"", 1'000}, {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};
constexpr std::array<Unit, 5> kSizes{
    {{"", 1}, {"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}}};

constexpr std::uint64_t kMaxDuration = 100ULL * 366 * 86'400'000;  // milliseconds
constexpr std::uint64_t kMaxSize = 1ULL << 50;                     // bytes
constexpr std::size_t kIdLength = 26;
constexpr std::size_t kIdBytes = 16;

template <std::size_t N>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units,
                                            std::uint64_t max) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_decimal(text.substr(0, digits), max);
    const auto unit = std::ranges::find(units, text.substr(digits), &Unit::name);
    if (!number || *number == 0 || unit == units.end() || *number > max / unit->factor) return std::nullopt;
    return *number * unit->factor;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto milliseconds = parse_quantity(text, kDurations, kMaxDuration);
    if (!milliseconds) return std::nullopt;
    return std::chrono::milliseconds(*milliseconds);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return parse_quantity(text, kSizes, kMaxSize);
}

std::string describe_size(std::uint64_t bytes) {
    constexpr std::uint64_t kMebi = 1ULL << 20;
    constexpr std::uint64_t kKibi = 1ULL << 10;
    if (bytes >= kMebi && bytes % kMebi == 0) return std::to_string(bytes / kMebi) + " MiB";
    if (bytes >= kKibi && bytes % kKibi == 0) return std::to_string(bytes / kKibi) + " KiB";
    return std::to_string(bytes) + " bytes";
}

std::uint64_t unix_seconds() {
    return unix_milliseconds() / 1000;
}

std::uint64_t unix_milliseconds() {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
}

std::string new_id() {
    std::array<std::uint8_t, kIdBytes> random{};
    fill_random(random);
    return base32_encode(random);
}

bool is_id(std::string_view text) {
    return text.size() == kIdLength &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string_view::npos;
}

}  // namespace thumbgate
