// The API's description as one page: complete without a script, its looks in /style.css and /api-docs.css. Pure.
#pragma once

#include <string>

#include "apidocs/document.hpp"

namespace thumbgate::apidocs {

// Throws std::exception where the document is not as OpenAPI says.
std::string page_of(const ApiDocument& document);

}  // namespace thumbgate::apidocs
