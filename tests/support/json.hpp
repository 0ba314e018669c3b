// JSON in tests: Boost.JSON, and what makes a test of a document short.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::test {

namespace json = boost::json;

// The document; fails the test, quoting the text, when it is not JSON.
json::value parse_json(std::string_view text);
// One document a line, as in a log.
std::vector<json::value> parse_json_lines(std::string_view text);

// The member `name` as text: strings as they are, the rest as JSON; "" when there is no such member.
std::string text_at(const json::value& object, std::string_view name);
// The member `name` as an integer; fails the test when there is none.
int64_t number_at(const json::value& object, std::string_view name);

}  // namespace thumbgate::test
