// Ours, as a user has it: script/server with the configuration as it is delivered. Every request carries a cachebuster
// of its own, so that neither the caches nor a stored result can answer it; each result is stored, as always.
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

    // A photograph that it did not have: its id.
    std::string upload(const Photograph& photograph);
    // A photograph that was uploaded, in place of the one of that name from the start.
    void use(const Photograph& photograph, std::string id) { ids_.insert_or_assign(photograph.name, std::move(id)); }

  protected:
    std::string url(const Order& order) override;

  private:
    std::string base() const { return "http://127.0.0.1:" + std::to_string(port_.number()); }
    void start();

    std::filesystem::path photographs_;
    test::TempDir dir_;
    test::Port port_;
    std::optional<test::Process> server_;
    std::map<std::string_view, std::string> ids_;  // by a photograph's name; not changed while clients ask
    std::atomic<unsigned> asked_{0};
};

}  // namespace thumbgate::bench
