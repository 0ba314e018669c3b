// Numbers out of a page in Prometheus's text format.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::test {

// The sum of the series called `name` that carry all of `labels`; 0 when there is none yet.
double metric(std::string_view page, std::string_view name, const std::map<std::string, std::string>& labels = {});

// Lines that are no series, and series whose family has no # TYPE, or no # HELP with a text, above them.
std::vector<std::string> faults_in_metrics(std::string_view page);

}  // namespace thumbgate::test
