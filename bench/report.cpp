#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

namespace thumbgate::bench {

namespace json = boost::json;

namespace {

// Three digits say as much as such a measurement can; whole numbers are counts.
std::string figure(std::optional<double> value) {
    if (!value) return "-";
    return *value >= 100 ? fmt::format("{:.0f}", *value) : fmt::format("{:.3g}", *value);
}

json::value or_null(std::optional<double> value) {
    return value ? json::value(*value) : json::value(nullptr);
}

}  // namespace

std::optional<double> Row::ratio() const {
    return peer && *peer != 0 ? std::optional(ours / *peer) : std::nullopt;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void print_table(std::ostream& out, const Rows& rows) {
    std::size_t width = 4;
    for (const Row& row : rows) width = std::max(width, row.name.size());
    const auto line = [&](auto... cells) { out << fmt::format("{:{}}  {:>9}  {:>9}  {:>6}  {}\n", cells...); };
    line("case", width, "ours", "peer", "ratio", "unit");
    for (const Row& row : rows) {
        const auto ratio = row.ratio();
        line(row.name, width, figure(row.ours), figure(row.peer), ratio ? fmt::format("{:.2f}", *ratio) : "-",
             row.unit);
    }
}

std::string to_json(const Rows& rows) {
    json::array list;
    for (const Row& row : rows) {
        list.push_back({{"case", row.name},
                        {"ours", row.ours},
                        {"peer", or_null(row.peer)},
                        {"unit", row.unit},
                        {"ratio", or_null(row.ratio())}});
    }
    return json::serialize(list) + "\n";
}

}  // namespace thumbgate::bench
