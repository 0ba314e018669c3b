// The SHA256_* functions are the only ones whose state can be copied without an allocation; OpenSSL 3 marks them as
// deprecated in favour of EVP_MAC, whose context is on the heap. The one-call SHA256() looks its algorithm up, under
// locks, at each call.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "contract/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace thumbgate {
namespace {

constexpr std::size_t kBlock = SHA256_CBLOCK;

SHA256_CTX padded_state(std::string_view key, std::uint8_t pad) {
    std::array<std::uint8_t, kBlock> block{};
    std::ranges::copy(key, block.begin());
    for (std::uint8_t& byte : block) byte ^= pad;
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, block.data(), block.size());
    OPENSSL_cleanse(block.data(), block.size());
    return state;
}

}  // namespace

HmacKey::HmacKey(std::string_view key) {
    Sha256 digest;
    if (key.size() > kBlock) {
        digest = sha256(key);
        key = {reinterpret_cast<const char*>(digest.data()), digest.size()};
    }
    inner_ = padded_state(key, 0x36);
    outer_ = padded_state(key, 0x5C);
}

Sha256 HmacKey::mac(std::initializer_list<std::string_view> parts) const {
    Sha256 digest;
    SHA256_CTX state = inner_;
    for (const std::string_view part : parts) SHA256_Update(&state, part.data(), part.size());
    SHA256_Final(digest.data(), &state);
    state = outer_;
    SHA256_Update(&state, digest.data(), digest.size());
    SHA256_Final(digest.data(), &state);
    return digest;
}

Sha256 sha256(std::string_view bytes) {
    Sha256 digest;
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, bytes.data(), bytes.size());
    SHA256_Final(digest.data(), &state);
    return digest;
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hkdf(std::string_view secret, std::string_view label, std::size_t length) {
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                            EVP_KDF_CTX_free);
    std::string key(secret);
    std::string info(label);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
        OSSL_PARAM_construct_end(),
    };
    std::string derived(length, '\0');
    if (EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(derived.data()), length, parameters) != 1) {
        throw std::runtime_error("HKDF failed");
    }
    OPENSSL_cleanse(key.data(), key.size());
    return derived;
}

void fill_random(std::span<std::uint8_t> bytes) {
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("no random bytes from the operating system");
    }
}

}  // namespace thumbgate
