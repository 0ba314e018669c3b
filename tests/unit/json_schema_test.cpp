// What validates the API's answers in tests finds what is wrong with them.
#include "tests/support/json_schema.hpp"

#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/support/json.hpp"

using namespace thumbgate::test;

namespace {

bool is_valid(const std::string& schema, const std::string& value) {
    const json::value parsed = parse_json(schema);
    return schema_objections(parsed, parsed, parse_json(value)).empty();
}

struct SchemaCase {
    const char* schema;
    const char* valid;
    const char* invalid;
};

}  // namespace

TEST_CASE("each keyword of a schema lets the one value pass and not the other") {
    const auto item = GENERATE(values<SchemaCase>({
        {R"({"type": "integer"})", "1", "1.5"},
        {R"({"type": "string"})", R"("a")", "null"},
        {R"({"type": "string", "nullable": true})", "null", "1"},
        {R"({"enum": ["a", null]})", "null", R"("b")"},
        {R"({"pattern": "^a+$"})", R"("aa")", R"("ab")"},
        {R"({"minLength": 2, "maxLength": 3})", R"("äöü")", R"("ä")"},
        {R"({"minimum": 1})", "1", "0"},
        {R"({"minimum": 1, "exclusiveMinimum": true})", "2", "1"},
        {R"({"maximum": 5})", "5", "5.1"},
        {R"({"maximum": 5, "exclusiveMaximum": true})", "4", "5"},
        {R"({"items": {"type": "integer"}, "minItems": 1})", "[1]", "[]"},
        {R"({"items": {"type": "integer"}})", "[1, 2]", R"([1, "2"])"},
        {R"({"maxItems": 1})", "[1]", "[1, 2]"},
        {R"({"uniqueItems": true})", "[1, 2]", "[1, 2, 1]"},
        {R"({"required": ["a"]})", R"({"a": 1})", R"({"b": 1})"},
        {R"({"properties": {"a": {"type": "integer"}}})", R"({"a": 1, "b": "x"})", R"({"a": "x"})"},
        {R"({"properties": {"a": {}}, "additionalProperties": false})", R"({"a": 1})", R"({"a": 1, "b": 1})"},
        {R"({"additionalProperties": {"type": "integer"}})", R"({"a": 1})", R"({"a": "x"})"},
        {R"({"patternProperties": {"^x-": {}}, "additionalProperties": false})", R"({"x-a": 1})", R"({"a": 1})"},
        {R"({"minProperties": 1, "maxProperties": 1})", R"({"a": 1})", "{}"},
        {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", "2", "3"},
        {R"({"anyOf": [{"minimum": 3}, {"maximum": 1}]})", "3", "2"},
        {R"({"oneOf": [{"minimum": 1}, {"maximum": 2}]})", "3", "2"},
        {R"({"not": {"type": "string"}})", "1", R"("a")"},
        {R"({"$ref": "#/definitions/a", "definitions": {"a": {"type": "integer"}}})", "1", R"("a")"},
    }));
    INFO(item.schema);
    CHECK(is_valid(item.schema, item.valid));
    CHECK_FALSE(is_valid(item.schema, item.invalid));
}

TEST_CASE("an objection says where") {
    const json::value schema = parse_json(R"({"properties": {"a": {"items": {"type": "integer"}}}})");
    const auto objections = schema_objections(schema, schema, parse_json(R"({"a": [1, "x"]})"));
    REQUIRE(objections.size() == 1);
    CHECK_THAT(objections[0], contains("/a/1:"));
}

TEST_CASE("a schema that cannot be understood is an error, not a pass") {
    CHECK_THROWS_AS(is_valid(R"({"requierd": ["a"]})", "{}"), std::invalid_argument);
    CHECK_THROWS_AS(is_valid(R"({"type": "text"})", "1"), std::invalid_argument);
    CHECK_THROWS_AS(is_valid(R"({"$ref": "#/nowhere"})", "1"), std::invalid_argument);
}
