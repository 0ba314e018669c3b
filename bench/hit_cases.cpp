// What a hit costs: load on ours and on its peers in turn, so that whatever else the machine does meets all alike.
#include <initializer_list>
#include <map>
#include <vector>

#include "bench/cases.hpp"

namespace thumbgate::bench {

namespace {

struct Series {
    std::vector<double> per_second;
    std::vector<double> cpu_us;
};

// By the name of the subject's paths.
using Results = std::map<std::string, Series>;

Results measure_in_turn(Context& context, Wire wire, std::initializer_list<Subject> subjects) {
    const Edges& edges = context.edges();
    for (const Subject& subject : subjects) edges.warm(subject);
    Results results;
    for (int round = 0; round < context.plan().rounds; ++round) {
        for (const Subject& subject : subjects) {
            const Measured measured = edges.measure(subject, wire, context.plan().a_round);
            results[subject.paths].per_second.push_back(measured.per_second);
            results[subject.paths].cpu_us.push_back(measured.cpu_us);
        }
    }
    return results;
}

Row cpu_row(const std::string& name, const Results& results, const Subject& ours, const Subject& peer) {
    return {name, median(results.at(ours.paths).cpu_us), median(results.at(peer.paths).cpu_us), "CPU µs a request"};
}

Row rate_row(const std::string& name, const Results& results, const Subject& ours, const Subject& peer) {
    return {name, median(results.at(ours.paths).per_second), median(results.at(peer.paths).per_second), "requests/s"};
}

Rows hits_12k_over(Context& context, Wire wire, const std::string& name) {
    const Results results = measure_in_turn(context, wire, {kOurs12k, kStock12k});
    return {rate_row(name, results, kOurs12k, kStock12k), cpu_row(name, results, kOurs12k, kStock12k)};
}

}  // namespace

Rows hits_12k(Context& context) {
    const Results results = measure_in_turn(context, Wire::http, {kOurs12k, kStock12k, kReturn12k});
    return {cpu_row("12 KB, HTTP/1.1", results, kOurs12k, kStock12k),
            cpu_row("12 KB, HTTP/1.1, against return 200", results, kOurs12k, kReturn12k)};
}

Rows hits_12k_tls(Context& context) {
    return hits_12k_over(context, Wire::tls, "12 KB, HTTP/1.1 over TLS");
}

Rows hits_12k_http2(Context& context) {
    return hits_12k_over(context, Wire::http2, "12 KB, HTTP/2");
}

Rows hits_40k(Context& context) {
    const Results results = measure_in_turn(context, Wire::http, {kOurs40k, kOurs40kInMemory, kStock40k});
    return {cpu_row("40 KB, HTTP/1.1, from disk", results, kOurs40k, kStock40k),
            cpu_row("40 KB, HTTP/1.1, from memory", results, kOurs40kInMemory, kStock40k)};
}

Rows hits_40k_tls(Context& context) {
    const Results results = measure_in_turn(context, Wire::tls, {kOurs40k, kOurs40kInMemory, kStock40k});
    Rows rows;
    for (const auto& [name, ours] : {std::pair{"40 KB, HTTP/1.1 over TLS, from disk", kOurs40k},
                                     std::pair{"40 KB, HTTP/1.1 over TLS, from memory", kOurs40kInMemory}}) {
        rows.push_back(rate_row(name, results, ours, kStock40k));
        rows.push_back(cpu_row(name, results, ours, kStock40k));
    }
    return rows;
}

}  // namespace thumbgate::bench
