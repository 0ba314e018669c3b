// The nginx instances that are measured, with warm caches: ours, and stock nginx as its users tune it. Both have 2,000
// thumbnails of 12 KB and 2,000 of 40 KB from one origin, one worker each, and listen in clear and with TLS.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bench/load.hpp"
#include "tests/support/nginx.hpp"
#include "tests/support/origin.hpp"

namespace thumbgate::bench {

enum class Side : std::uint8_t { ours, stock };
enum class Wire : std::uint8_t { http, tls, http2 };

// One thing to measure: who serves which objects.
struct Subject {
    Side side = Side::ours;
    std::string paths;  // name of the file with the paths
    std::string tier;   // what X-Cache says of each answer of ours
};

// Signature, limit and hit of 12 KB.
inline const Subject kOurs12k{Side::ours, "ours-12k", "HOT"};
inline const Subject kStock12k{Side::stock, "stock-12k", {}};
// No check, no cache: the least that nginx can do to send 12 KB.
inline const Subject kReturn12k{Side::stock, "return-12k", {}};
// Of 40 KB, larger than the default max_object: from disk; and with a max_object that has room for it.
inline const Subject kOurs40k{Side::ours, "ours-40k", "HIT"};
inline const Subject kOurs40kInMemory{Side::ours, "ours-40k-in-memory", "HOT"};
inline const Subject kStock40k{Side::stock, "stock-40k", {}};

struct Measured {
    double per_second = 0;  // requests
    double cpu_us = 0;      // of the worker, a request
    std::uint64_t requests = 0;
};

class Edges {
  public:
    Edges();

    // Asks for all of the subject's objects until all are answered from where they should be.
    void warm(const Subject& subject) const;

    // Load for `duration`. Throws when any answer is not a 2xx, or comes from elsewhere than it should.
    Measured measure(const Subject& subject, Wire wire, std::chrono::seconds duration) const;

    pid_t worker(const Subject& subject) const;

  private:
    struct Counts {
        double right = 0;  // answers from where they should come
        double all = 0;
        std::size_t fetched = 0;  // from the origin
        bool operator==(const Counts&) const = default;
    };
    const test::Nginx& edge(const Subject& subject) const { return subject.side == Side::ours ? *ours_ : *stock_; }
    Target target(const Subject& subject, Wire wire) const;
    Counts counts(const Subject& subject) const;
    LoadResult put_checked_load(const Target& target, const Subject& subject, std::chrono::seconds duration) const;

    test::TempDir dir_;
    test::Origin origin_;
    test::Port ours_tls_;
    test::Port stock_tls_;
    std::unique_ptr<test::Nginx> ours_;
    std::unique_ptr<test::Nginx> stock_;
};

}  // namespace thumbgate::bench
