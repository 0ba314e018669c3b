// The layers of a converter's sandbox, as a converter reports them to the broker. Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace thumbgate {

// A converter without one of the first three takes no job; the others are taken where the kernel grants them.
enum class Layer : std::uint8_t {
    no_new_privs,
    limits,
    seccomp,
    capabilities,  // none are left
    landlock,
    user,  // a user namespace, and so on
    mount,
    network,
    ipc,
    uts,
};

inline constexpr std::array kLayers{Layer::no_new_privs, Layer::limits, Layer::seccomp, Layer::capabilities,
                                    Layer::landlock,     Layer::user,   Layer::mount,   Layer::network,
                                    Layer::ipc,          Layer::uts};

struct SandboxLayers {
    std::uint32_t bits = 0;          // by the value of Layer
    std::uint32_t landlock_abi = 0;  // of the kernel; from 4 on the network is closed too, from 6 on signals are

    bool has(Layer layer) const { return (bits & bit(layer)) != 0; }
    void add(Layer layer) { bits |= bit(layer); }
    bool operator==(const SandboxLayers&) const = default;

  private:
    static std::uint32_t bit(Layer layer) { return 1U << static_cast<unsigned>(layer); }
};

static_assert(std::is_trivially_copyable_v<SandboxLayers>);

inline std::string_view name(Layer layer) {
    constexpr std::array<std::string_view, kLayers.size()> kNames{
        "no_new_privs", "limits", "seccomp", "capabilities", "landlock", "user", "mount", "network", "ipc", "uts"};
    return kNames.at(static_cast<std::size_t>(layer));
}

// "no_new_privs limits seccomp landlock=7 mount"
inline std::string describe(const SandboxLayers& layers) {
    std::string text;
    for (const Layer layer : kLayers) {
        if (!layers.has(layer)) continue;
        text.append(text.empty() ? "" : " ").append(name(layer));
        if (layer == Layer::landlock) text += "=" + std::to_string(layers.landlock_abi);
    }
    return text;
}

}  // namespace thumbgate
