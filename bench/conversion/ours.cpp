#include "bench/conversion/ours.hpp"

#include <boost/json/parse.hpp>
#include <csignal>

#include "bench/interrupt.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/http.hpp"
#include "tests/support/keys.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;

namespace {

constexpr auto kReadyDeadline = 120s;  // it looks whether everything is built
constexpr auto kStopDeadline = 40s;

}  // namespace

Ours::Ours(const std::filesystem::path& photographs) : photographs_(photographs) {
    write_file(dir_ / "keys", kKeyFile, 0600);
    start();
    for (const Photograph& photograph : all_photographs()) {
        std::vector<std::string>& ids = ids_[photograph.name];
        for (unsigned client = 0; client < kMostClients; ++client) ids.push_back(upload(photograph, client));
    }
}

Ours::~Ours() {
    try {
        server_->signal(SIGTERM);
        if (!server_->wait(kStopDeadline)) fail_quietly("script/server does not stop");
    } catch (const std::exception& error) {
        fail_quietly(error.what());
    }
}

void Ours::start() {
    const auto log = dir_ / "server.log";
    server_.emplace(SpawnOptions{.argv = {repository() / "script/server", "--data", dir_.path().string(), "--port",
                                          std::to_string(port_.number())},
                                 .stdout_file = log,
                                 .stderr_file = log,
                                 .death_signal = SIGTERM});
    const auto is_decided = [&] {
        throw_if_interrupted();
        return !server_->running() || read_if_there(log).contains("ready: ");
    };
    if (!wait_until(kReadyDeadline, is_decided, 50ms) || !server_->running()) {
        fail_fixture("script/server does not start:\n" + read_if_there(log));
    }
}

// Copies differ behind their ends, where no decoder looks. More of them come at once than an edge takes.
std::string Ours::upload(const Photograph& photograph, unsigned copy) {
    const std::string bytes = read_file(photographs_ / photograph.name) + std::string(copy, '\0');
    Response response;
    const bool is_answered = wait_until(
        kReadyDeadline,
        [&] {
            throw_if_interrupted();
            response = fetch({.url = base() + "/api/photos", .method = "POST", .body = bytes});
            return response.status != 429;
        },
        200ms);
    if (!is_answered) fail_fixture("an edge takes no uploads: " + response.body);
    if (response.status != 201) {
        fail_fixture("the upload of " + std::string(photograph.name) + " failed: " + response.error + response.body);
    }
    return std::string(boost::json::parse(response.body).at("id").as_string());
}

std::string Ours::url(unsigned client, const Order& order) {
    std::string options = "/w:" + std::to_string(order.width) + "/f:" + std::string(order.format);
    if (order.quality != 0) options += "/q:" + std::to_string(order.quality);
    options += "/cb:" + std::to_string(++asked_);
    return base() + signed_url(options + "/plain/photo://" + ids_.at(order.photograph.name).at(client));
}

}  // namespace thumbgate::bench
