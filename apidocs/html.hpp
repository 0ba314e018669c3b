// What the page is put together from: text made safe, the little Markdown that descriptions have, and JSON as a person
// reads it. Pure; thread-safe.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace thumbgate::apidocs {

namespace json = boost::json;

// Text as it may stand between tags and in a quoted attribute.
std::string escaped(std::string_view text);

// Escaped, with `code` between backticks.
std::string inline_html(std::string_view text);

// The same in paragraphs, which an empty line parts.
std::string paragraphs(std::string_view text);

std::string code(std::string_view text);

// Indented by two, a member a line.
std::string pretty_json(const json::value& value);

// What can be opened: a summary, and `text` as it is, in a box that scrolls.
std::string fold(std::string_view summary, std::string_view text);

}  // namespace thumbgate::apidocs
