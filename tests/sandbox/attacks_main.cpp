// thumbgate-converter-attacks: thumbgate-converter with planted code, and tight limits.
#include <unistd.h>

#include <cstdlib>

#include "backend/converter/zygote.hpp"
#include "backend/converter/zygote_protocol.hpp"
#include "tests/sandbox/attacks.hpp"

int main() {
    thumbgate::SandboxLimits limits;
    limits.address_space = 1ULL << 30;
    limits.file_size = 1 << 20;
    const bool served =
        thumbgate::run_zygote(thumbgate::kControlSocket, {limits, thumbgate::test::run_attack_or_job}).has_value();
    _exit(served ? EXIT_SUCCESS : EXIT_FAILURE);
}
