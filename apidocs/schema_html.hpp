// Schemas in words: what a value may be, and the members of an object. Pure; thread-safe.
#pragma once

#include <string>

#include "apidocs/document.hpp"

namespace thumbgate::apidocs {

// HTML like "integer, 1 to 8"; a schema of the document's own is a link to "#schema-NAME".
std::string schema_in_words(const json::value& schema);

// HTML: each member with what it may be, and its description; those of objects in objects too. Empty for what has none.
std::string members_html(const ApiDocument& document, const json::value& schema);

}  // namespace thumbgate::apidocs
