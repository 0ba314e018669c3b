// thumbgate-converter-without-landlock: thumbgate-converter on a kernel that has no Landlock.
#include <seccomp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "backend/converter/pipeline.hpp"
#include "backend/converter/zygote.hpp"
#include "backend/converter/zygote_protocol.hpp"

int main(int argc, char** argv) {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    const bool loaded = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
                        seccomp_load(filter) == 0;
    if (!loaded) _exit(EXIT_FAILURE);
    const thumbgate::Calling of_pictures{thumbgate::SandboxLimits{}, thumbgate::ConverterKind::raster,
                                         thumbgate::run_job};
    const thumbgate::Calling of_drawings{thumbgate::SandboxLimits{}, thumbgate::ConverterKind::svg,
                                         thumbgate::run_svg_job};
    const bool reads_svg = std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--svg"; });
    const bool served =
        thumbgate::run_zygote(thumbgate::kControlSocket, reads_svg ? of_drawings : of_pictures).has_value();
    _exit(served ? EXIT_SUCCESS : EXIT_FAILURE);
}
