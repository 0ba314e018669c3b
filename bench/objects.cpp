#include "bench/objects.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <random>

#include "tests/support/keys.hpp"

namespace thumbgate::bench {

namespace {

constexpr long kLinksExpire = 4102444800;  // in the year 2100

// As long as the ids of photos are.
std::string object_name(const ObjectSize& size, int number) {
    return fmt::format("{}{:021}", size.name, number);
}

std::string random_text(std::size_t bytes, std::mt19937_64& random) {
    std::string noise(bytes, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    return test::base64url(noise).substr(0, bytes);
}

std::string md5_base64url(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_md5(), nullptr);
    return test::base64url({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace

std::map<std::string, std::string> object_files() {
    std::mt19937_64 random(1);
    std::map<std::string, std::string> files;
    for (const ObjectSize& size : {k12k, k40k}) {
        for (int i = 0; i < kObjects; ++i) files[object_name(size, i)] = random_text(size.bytes, random);
    }
    return files;
}

std::string our_links(const ObjectSize& size, std::string_view prefix) {
    std::string links;
    for (int i = 0; i < kObjects; ++i) {
        const std::string path = "/rs:fill:320:240/plain/photo://" + object_name(size, i);
        links += fmt::format("{}{}{}\n", prefix, test::signature_of(path), path);
    }
    return links;
}

std::string stock_links(const ObjectSize& size) {
    std::string links;
    for (int i = 0; i < kObjects; ++i) {
        const std::string path = "/t/320x240/" + object_name(size, i);
        const std::string digest = md5_base64url(fmt::format("{}{} {}", kLinksExpire, path, kStockSecret));
        links += fmt::format("{}?md5={}&expires={}\n", path, digest, kLinksExpire);
    }
    return links;
}

}  // namespace thumbgate::bench
