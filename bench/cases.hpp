// The benchmark's cases. Each measures one promise of the edge, and says it in rows.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "bench/edges.hpp"
#include "bench/plan.hpp"
#include "bench/report.hpp"

namespace thumbgate::bench {

// What cases share.
class Context {
  public:
    explicit Context(const Plan& plan) : plan_(plan) {}
    const Plan& plan() const { return plan_; }
    const Edges& edges();  // started when a case first asks for them

  private:
    Plan plan_;
    std::unique_ptr<Edges> edges_;
};

struct Case {
    std::string_view name;
    std::string_view about;
    Rows (*run)(Context& context);
};

std::span<const Case> all_cases();

Rows hits_12k(Context& context);
Rows hits_12k_tls(Context& context);
Rows hits_12k_http2(Context& context);
Rows hits_40k(Context& context);
Rows hits_40k_tls(Context& context);
Rows system_calls(Context& context);
Rows cold_bursts(Context& context);
Rows limited_keys(Context& context);
Rows hit_ratio(Context& context);

}  // namespace thumbgate::bench
