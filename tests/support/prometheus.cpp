#include "tests/support/prometheus.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "tests/support/files.hpp"

namespace thumbgate::test {

namespace {

struct Series {
    std::string name;
    std::string labels;  // as written between { and }
    double value = 0;
};

std::optional<Series> parse_series(const std::string& line) {
    const size_t name_end = line.find_first_of("{ ");
    const size_t labels_end = line.find('{') == name_end ? line.rfind('}') : name_end;
    if (name_end == std::string::npos || labels_end == std::string::npos) return {};
    Series series{.name = line.substr(0, name_end), .labels = {}};
    if (labels_end > name_end) series.labels = line.substr(name_end + 1, labels_end - name_end - 1);
    const size_t value = line.find_first_not_of(' ', labels_end + (labels_end > name_end ? 1 : 0));
    if (value == std::string::npos) return {};
    const auto result = std::from_chars(line.data() + value, line.data() + line.size(), series.value);
    return result.ec == std::errc() ? std::optional(series) : std::nullopt;
}

bool carries(const Series& series, const std::map<std::string, std::string>& labels) {
    const std::string written = "," + series.labels;
    return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
        return written.contains("," + label.first + "=\"" + label.second + '"');
    });
}

// A histogram's series are named after their family.
std::string family_of(std::string name, const std::set<std::string>& families) {
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
        if (name.ends_with(suffix) && !families.contains(name)) return name.substr(0, name.size() - suffix.size());
    }
    return name;
}

// "# HELP name text" → name, when the text is not empty.
std::string described(const std::string& line, std::string_view keyword) {
    if (!line.starts_with(keyword)) return {};
    const size_t end = line.find(' ', keyword.size());
    return end == std::string::npos || end + 1 >= line.size() ? "" : line.substr(keyword.size(), end - keyword.size());
}

}  // namespace

double metric(std::string_view page, std::string_view name, const std::map<std::string, std::string>& labels) {
    double sum = 0;
    for (const auto& line : lines_of(page)) {
        const auto series = line.starts_with('#') ? std::nullopt : parse_series(line);
        if (series && series->name == name && carries(*series, labels)) sum += series->value;
    }
    return sum;
}

std::vector<std::string> faults_in_metrics(std::string_view page) {
    std::set<std::string> helped, typed;
    std::vector<std::string> faults;
    for (const auto& line : lines_of(page)) {
        helped.insert(described(line, "# HELP "));
        typed.insert(described(line, "# TYPE "));
        if (line.empty() || line.starts_with('#')) continue;
        const auto series = parse_series(line);
        const std::string family = series ? family_of(series->name, typed) : "";
        if (!series || !helped.contains(family) || !typed.contains(family)) faults.push_back(line);
    }
    return faults;
}

}  // namespace thumbgate::test
