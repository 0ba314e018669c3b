// JSON against a schema, as OpenAPI 3.0 writes them: JSON Schema draft 4, and "nullable". A keyword that is not known
// here fails by a throw, so that nothing of a schema is passed over in silence; "format" is an annotation. Where there
// is a "$ref", what stands beside it does not count. Thread-safe.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace thumbgate::test {

namespace json = boost::json;

// What is wrong with `value`, each with the place where ("/photos/0/id: …"); nothing where it is valid. References are
// looked up in `document`. Throws std::invalid_argument for a schema that cannot be understood.
std::vector<std::string> schema_objections(const json::value& document, const json::value& schema,
                                           const json::value& value);

}  // namespace thumbgate::test
