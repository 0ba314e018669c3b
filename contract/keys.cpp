#include "contract/keys.hpp"

#include <optional>
#include <span>
#include <utility>

#include "contract/encoding.hpp"
#include "contract/secret.hpp"

namespace thumbgate {
namespace {

constexpr std::size_t kMaxIdLength = 64;
constexpr std::size_t kRandomKeyBytes = 32;
constexpr std::string_view kBlanks = " \t\r";

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    std::size_t begin = line.find_first_not_of(kBlanks);
    while (begin != std::string_view::npos) {
        const std::size_t end = line.find_first_of(kBlanks, begin);
        words.push_back(line.substr(begin, end == std::string_view::npos ? end : end - begin));
        begin = line.find_first_not_of(kBlanks, end);
    }
    return words;
}

struct Validity {
    std::uint64_t not_before = 0;
    std::uint64_t not_after = UINT64_MAX;
};

// Words that are not understood are not repeated: they may be a key that slipped into another column.
std::optional<std::string> read_bound(std::string_view word, Validity& validity) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : word.substr(equals + 1);
    if (name != "not-before" && name != "not-after") {
        return "after the salt only not-before=<unix> and not-after=<unix> may stand";
    }
    const auto time = parse_decimal(value, UINT64_MAX);
    if (!time) return std::string(name) + " takes unix seconds";
    (name == "not-before" ? validity.not_before : validity.not_after) = *time;
    return std::nullopt;
}

std::expected<Key, std::string> parse_key(const std::vector<std::string_view>& words) {
    if (words.size() < 3) return std::unexpected("a key is <id> <hex key> <hex salt>");
    if (words[0].size() > kMaxIdLength) return std::unexpected("the id is longer than 64 bytes");
    const auto key = hex_decode(words[1]);
    const auto salt = hex_decode(words[2]);
    if (!key || key->empty()) return std::unexpected("the key is not hex digits, two a byte");
    if (!salt || salt->empty()) return std::unexpected("the salt is not hex digits, two a byte");
    Validity validity;
    for (std::size_t i = 3; i < words.size(); ++i) {
        if (auto error = read_bound(words[i], validity)) return std::unexpected(std::move(*error));
    }
    if (validity.not_before > validity.not_after) return std::unexpected("not-before is later than not-after");
    return Key(std::string(words[0]), *key, *salt, validity.not_before, validity.not_after);
}

}  // namespace

std::expected<KeyRing, std::string> KeyRing::parse(std::string_view text) {
    KeyRing ring;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        const auto words = words_of(line.substr(0, line.find('#')));
        if (words.empty()) continue;
        auto key = parse_key(words);
        if (!key) return std::unexpected("line " + std::to_string(number) + ": " + key.error());
        for (const Key& other : ring.keys_) {
            if (other.id() == key->id()) {
                return std::unexpected("line " + std::to_string(number) + ": the id \"" + key->id() + "\" is taken");
            }
        }
        ring.keys_.push_back(std::move(*key));
    }
    if (ring.keys_.empty()) return std::unexpected("it holds no key; make one with \"thumbgate key new\"");
    return ring;
}

std::expected<KeyRing, std::string> KeyRing::read_file(const std::string& path) {
    auto text = read_private_file(path);
    if (!text) return std::unexpected(text.error());
    auto ring = parse(*text);
    wipe(*text);
    if (!ring) return std::unexpected("\"" + path + "\": " + ring.error());
    return ring;
}

std::string KeyRing::sign(std::string_view path, std::uint64_t now, std::size_t size) const {
    for (const Key& key : keys_) {
        if (!key.valid_at(now)) continue;
        const Sha256 mac = key.sign(path);
        return base64url_encode(std::span(mac).first(size));
    }
    return {};
}

const Key* KeyRing::verify(std::string_view signature, std::string_view path, std::uint64_t now,
                           std::size_t size) const {
    const auto given = base64url_decode_strict(signature);
    if (!given || given->size() != size) return nullptr;
    const Key* signer = nullptr;
    for (const Key& key : keys_) {
        if (!key.valid_at(now)) continue;
        const Sha256 mac = key.sign(path);
        const bool equal = equal_in_constant_time(std::span(mac).first(size), as_bytes(*given));
        signer = equal && signer == nullptr ? &key : signer;
    }
    return signer;
}

std::string new_key_line(std::string_view id) {
    std::array<std::uint8_t, kRandomKeyBytes> key{};
    std::array<std::uint8_t, kRandomKeyBytes> salt{};
    fill_random(key);
    fill_random(salt);
    return std::string(id) + " " + hex_encode(key) + " " + hex_encode(salt);
}

}  // namespace thumbgate
