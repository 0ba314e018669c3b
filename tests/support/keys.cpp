#include "tests/support/keys.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>

namespace thumbgate::test {

namespace {

std::string bytes_of_hex(std::string_view hex) {
    std::string bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
        unsigned value = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
        bytes.push_back(static_cast<char>(value));
    }
    return bytes;
}

}  // namespace

std::string base64url(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    text.resize(static_cast<size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data, static_cast<int>(bytes.size()))));
    text.erase(text.find_last_not_of('=') + 1);
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

std::string signature_of(std::string_view path, const Key& key, size_t bytes) {
    const std::string secret = bytes_of_hex(key.key_hex);
    const std::string message = bytes_of_hex(key.salt_hex) + std::string(path);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac, &size);
    return base64url({reinterpret_cast<const char*>(mac), std::min<size_t>(size, bytes)});
}

std::string signed_url(std::string_view path, const Key& key) {
    return "/t/" + signature_of(path, key) + std::string(path);
}

}  // namespace thumbgate::test
