// thumbgated: reads its configuration and runs the service until a signal says to stop.
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "backend/config.hpp"
#include "backend/service.hpp"

namespace thumbgate {
namespace {

// As many descriptors as this process may have: connections, photos and pipes each need some.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(Config config) {
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    auto foundations = lay_foundations(config);
    std::expected<void, std::string> started;
    if (!foundations) started = std::unexpected(foundations.error());
    std::optional<Service> service;
    if (started) {
        service.emplace(std::move(config), std::move(*foundations));
        started = service->start();
    }
    if (!started) {
        std::fprintf(stderr, "thumbgated: %s\n", started.error().c_str());
        return 1;
    }
    service->run();
    if (!service->let_go_of_storage()) std::_Exit(0);
    return 0;
}

}  // namespace
}  // namespace thumbgate

int main(int argc, char** argv) try {
    auto config = thumbgate::read_config(argc, argv);
    if (!config) {
        std::fputs(config.error().text.c_str(), config.error().status == 0 ? stdout : stderr);
        return config.error().status;
    }
    return thumbgate::run(std::move(*config));
} catch (const std::exception& error) {
    std::fprintf(stderr, "thumbgated: %s\n", error.what());
    return 1;
}
