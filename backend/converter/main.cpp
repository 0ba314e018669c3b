// thumbgate-converter: the process that thumbgated lets pictures be converted in.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <span>
#include <string_view>

#include "backend/converter/pipeline.hpp"
#include "backend/converter/zygote.hpp"
#include "backend/converter/zygote_protocol.hpp"
#include "contract/encoding.hpp"

namespace {

constexpr std::string_view kHelp =
    "thumbgate-converter decodes, scales and encodes pictures for thumbgated, in processes of their own.\n"
    "thumbgated starts it and talks to it over a socket; it is of no use when started by hand.\n"
    "\n"
    "  --zygote              serve the control socket at descriptor 3\n"
    "  --svg                 read SVG, and nothing else\n"
    "  --memory-limit BYTES  address space of one converter, 268435456 or more (default 2147483648)\n"
    "  --output-limit BYTES  size of a result (default 33554432)\n"
    "  --help                print this\n";

constexpr std::uint64_t kLeastMemory = 256 << 20;
constexpr std::uint64_t kLeastFile = 1 << 20;  // a converter warms up on a small one

int usage_error(std::string_view what) {
    std::cerr << "thumbgate-converter: " << what << "\n\n" << kHelp;
    return 2;
}

int serve(const thumbgate::SandboxLimits& limits, bool reads_svg) {
    const thumbgate::Calling of_pictures{limits, thumbgate::ConverterKind::raster, thumbgate::run_job};
    const thumbgate::Calling of_drawings{limits, thumbgate::ConverterKind::svg, thumbgate::run_svg_job};
    const auto served = thumbgate::run_zygote(thumbgate::kControlSocket, reads_svg ? of_drawings : of_pictures);
    if (!served) std::cerr << "thumbgate-converter: " << served.error() << "\n";
    // Without the destructors of a library that forked children still use, and a leak check of what it keeps.
    _exit(served ? EXIT_SUCCESS : EXIT_FAILURE);
}

}  // namespace

int main(int argc, char** argv) {
    thumbgate::SandboxLimits limits;
    bool is_zygote = false;
    bool reads_svg = false;
    const std::span<char*> arguments(argv + 1, argv + argc);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--help") {
            std::cout << kHelp;
            return EXIT_SUCCESS;
        }
        if (argument == "--zygote") {
            is_zygote = true;
        } else if (argument == "--svg") {
            reads_svg = true;
        } else if (argument == "--memory-limit" && i + 1 < arguments.size()) {
            const auto bytes = thumbgate::parse_decimal(arguments[++i], UINT64_MAX);
            if (!bytes || *bytes < kLeastMemory) return usage_error("--memory-limit takes 268435456 or more");
            limits.address_space = *bytes;
        } else if (argument == "--output-limit" && i + 1 < arguments.size()) {
            const auto bytes = thumbgate::parse_decimal(arguments[++i], UINT64_MAX);
            if (!bytes) return usage_error("--output-limit takes a number of bytes");
            limits.file_size = std::max(*bytes, kLeastFile);
        } else {
            return usage_error("what is \"" + std::string(argument) + "\"?");
        }
    }
    if (is_zygote) return serve(limits, reads_svg);
    return usage_error("this program is started by thumbgated");
}
