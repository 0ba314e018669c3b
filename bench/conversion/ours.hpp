// Ours, as a user has it: script/server with the configuration as it is delivered. Every request carries a cachebuster
// of its own, so that neither the caches nor a stored result can answer it; each result is stored, as always. Each
// client has copies of its own of the photographs, so that none is decoded for several of them.
#pragma once

#include <atomic>
#include <map>
#include <optional>

#include "bench/conversion/http_side.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sockets.hpp"

namespace thumbgate::bench {

class Ours : public HttpSide {
  public:
    // Starts it, and uploads the photographs.
    explicit Ours(const std::filesystem::path& photographs);
    ~Ours() override;

    std::string_view name() const override { return "thumbgate"; }
    std::vector<pid_t> processes() const override { return {server_->pid()}; }

    // A photograph that it did not have, for all clients: its id.
    std::string upload(const Photograph& photograph) { return upload(photograph, 0); }
    // A photograph that was uploaded, in place of those of that name from the start.
    void use(const Photograph& photograph, const std::string& id) {
        ids_.insert_or_assign(photograph.name, std::vector<std::string>(kMostClients, id));
    }

  protected:
    std::string url(unsigned client, const Order& order) override;

  private:
    std::string base() const { return "http://127.0.0.1:" + std::to_string(port_.number()); }
    void start();
    std::string upload(const Photograph& photograph, unsigned copy);

    std::filesystem::path photographs_;
    test::TempDir dir_;
    test::Port port_;
    std::optional<test::Process> server_;
    std::map<std::string_view, std::vector<std::string>> ids_;  // by name and client; not changed while clients ask
    std::atomic<unsigned> asked_{0};
};

}  // namespace thumbgate::bench
