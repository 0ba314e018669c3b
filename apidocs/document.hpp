// docs/openapi.yaml as a program reads it: its YAML as JSON, what a "$ref" stands for, and its operations in the order
// of the file. Read by the program that makes the page of it, and by the tests that hold the service to it. Immutable;
// thread-safe.
#pragma once

#include <boost/json.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace thumbgate::apidocs {

namespace json = boost::json;

// What a plain scalar stands for is decided by YAML's core schema: null, true and false, numbers, else text. Keys are
// text, in the order of the file. The error names line and column. A key that is there twice is an error.
std::expected<json::value, std::string> read_yaml(std::string_view text);

struct Operation {
    std::string method;         // "GET"
    std::string path;           // "/api/photos/{id}"
    const json::object* value;  // of the document
};

class ApiDocument {
  public:
    // Errors: it is no YAML, or no mapping with "paths".
    static std::expected<ApiDocument, std::string> read(std::string_view yaml);

    const json::value& root() const { return root_; }
    std::vector<Operation> operations() const;

    // What `value` stands for, where it is {"$ref": "#/…"}; else itself. Throws std::out_of_range for a reference to
    // nothing.
    const json::value& resolved(const json::value& value) const;

    // A member of an object, resolved; null where there is none.
    const json::value* find(const json::object& object, std::string_view name) const;

  private:
    explicit ApiDocument(json::value root) : root_(std::move(root)) {}

    json::value root_;
};

// A member that is text; "" where there is none.
std::string_view text_of(const json::object& object, std::string_view name);

}  // namespace thumbgate::apidocs
