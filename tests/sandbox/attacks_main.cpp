// thumbgate-converter-attacks: thumbgate-converter with planted code, and tight limits.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "backend/converter/zygote.hpp"
#include "backend/converter/zygote_protocol.hpp"
#include "tests/sandbox/attacks.hpp"

int main(int argc, char** argv) {
    thumbgate::SandboxLimits limits;
    limits.address_space = 1ULL << 30;
    limits.file_size = 1 << 20;
    const thumbgate::Calling of_pictures{limits, thumbgate::ConverterKind::raster, thumbgate::test::run_attack_or_job};
    const thumbgate::Calling of_drawings{limits, thumbgate::ConverterKind::svg, thumbgate::test::run_attack_or_svg_job};
    const bool reads_svg = std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--svg"; });
    const bool served =
        thumbgate::run_zygote(thumbgate::kControlSocket, reads_svg ? of_drawings : of_pictures).has_value();
    _exit(served ? EXIT_SUCCESS : EXIT_FAILURE);
}
