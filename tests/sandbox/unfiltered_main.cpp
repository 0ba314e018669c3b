// thumbgate-converter-unfiltered: thumbgate-converter on a kernel that lets nobody install a seccomp filter.
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "backend/converter/pipeline.hpp"
#include "backend/converter/zygote.hpp"
#include "backend/converter/zygote_protocol.hpp"

int main() {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    const bool loaded = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(seccomp), 0) == 0 &&
                        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
                                         SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) == 0 &&
                        seccomp_load(filter) == 0;
    if (!loaded) _exit(EXIT_FAILURE);
    const bool served =
        thumbgate::run_zygote(thumbgate::kControlSocket,
                              {thumbgate::SandboxLimits{}, thumbgate::ConverterKind::raster, thumbgate::run_job})
            .has_value();
    _exit(served ? EXIT_SUCCESS : EXIT_FAILURE);
}
