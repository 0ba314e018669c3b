// Verifies one signature, for the instructions of it to be counted:
//
//   verify_probe KEY_FILE_TEXT SIGNATURE BYTES PATH
//
// Says the signer's id, or "none".
#include <cstdio>
#include <cstdlib>

#include "contract/keys.hpp"

// What is counted, found by this name.
extern "C" __attribute__((noinline)) const thumbgate::Key* counted_verify(const thumbgate::KeyRing& keys,
                                                                          const char* signature, std::size_t size,
                                                                          const char* path) {
    return keys.verify(signature, path, 1, size);
}

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    const auto keys = thumbgate::KeyRing::parse(argv[1]);
    if (!keys) return 2;
    const std::size_t size = std::strtoul(argv[3], nullptr, 10);
    // Once before it counts: what a first call resolves and allocates is no part of the comparison.
    counted_verify(*keys, argv[2], size, argv[4]);
    const thumbgate::Key* signer = counted_verify(*keys, argv[2], size, argv[4]);
    std::puts(signer != nullptr ? signer->id().c_str() : "none");
    return 0;
}
