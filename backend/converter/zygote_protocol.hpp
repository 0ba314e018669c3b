// How the broker starts converters. It executes thumbgate-converter with one end of a SOCK_SEQPACKET pair, the control
// socket, and asks there for each converter with a SpawnRequest that carries one end of another pair, the job socket.
// Zygote and converter then introduce themselves on that job socket, in either order. When the broker closes the
// control socket, or dies, the zygote ends and takes every converter with it.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "backend/converter/sandbox/layers.hpp"

namespace thumbgate {

// What the converters of one zygote read. They are kept apart because drawing takes fonts, and so files.
enum class ConverterKind : std::uint8_t {
    raster,  // every format but SVG; no files
    svg,     // SVG alone; the files of fonts, for reading
};

inline constexpr int kControlSocket = 3;  // the descriptor the zygote finds its control socket at

// Zygote to broker, once on the control socket: libvips is initialised, converters can be asked for.
struct ZygoteHello {
    std::array<char, 32> libvips;  // its version; NUL-terminated
};

// Broker to zygote. Descriptor: the converter's end of the job socket.
struct SpawnRequest {
    std::uint8_t niceness;  // added to the zygote's own, before the sandbox
};

// To the broker, on the job socket.
struct SpawnNotice {
    enum class Kind : std::uint8_t {
        started,  // by the zygote; descriptors: a pidfd of the converter, and a pipe that brings an EndNotice
        ready,    // by the converter: it is locked down and warm, and takes jobs
        refused,  // by the converter: it cannot be locked down, and ends
    };
    Kind kind;
    std::int32_t pid;               // of the converter
    SandboxLayers layers;           // (ready) that are in force
    std::array<char, 160> problem;  // (refused) what is missing; NUL-terminated
};

// Zygote to broker, on the pipe of each converter: how it ended. A pipe that ends without one says that the zygote did.
struct EndNotice {
    std::uint8_t was_signalled;  // 1: by the signal `number`; 0: it exited with the status `number`
    std::int32_t number;
};

static_assert(std::is_trivially_copyable_v<ZygoteHello> && std::is_trivially_copyable_v<SpawnRequest> &&
              std::is_trivially_copyable_v<SpawnNotice> && std::is_trivially_copyable_v<EndNotice>);

}  // namespace thumbgate
