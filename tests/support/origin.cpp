#include "tests/support/origin.hpp"

#include <utility>

namespace thumbgate::test {

namespace {

NginxConf origin_conf(const std::string& server, const std::map<std::string, std::string>& files) {
    return {.http =
                "log_format hits '$request_method $request_uri'; access_log log/hits.log hits;\n"
                "server {\n listen unix:run/origin.sock;\n" +
                server + "\n}\n",
            .files = files,
            .module = false};
}

}  // namespace

Origin::Origin(const std::string& server, const std::map<std::string, std::string>& files)
    : nginx_(origin_conf(server, files)) {}

std::string Origin::address() const {
    return "unix:" + (nginx_.dir() / "run/origin.sock").string();
}

std::string Origin::upstream(const std::string& name) const {
    return "upstream " + name + " { server " + address() + "; }\n";
}

std::vector<std::string> Origin::requests(size_t at_least, milliseconds timeout) const {
    std::vector<std::string> lines;
    wait_until(timeout, [&] {
        lines = lines_of(read_if_there(nginx_.dir() / "log/hits.log"));
        return lines.size() >= at_least;
    });
    return lines;
}

void Origin::start() {
    std::filesystem::remove(nginx_.dir() / "run/origin.sock");  // nginx does not take over a socket that is there
    nginx_.start();
}

}  // namespace thumbgate::test
