// docs/openapi.yaml in itself: it is OpenAPI, and its examples are what its schemas say.
#include <regex>
#include <set>

#include "apidocs/document.hpp"
#include "tests/support/api_contract.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/json.hpp"
#include "tests/support/json_schema.hpp"
#include "tests/support/programs.hpp"

using namespace thumbgate::test;
using thumbgate::apidocs::ApiDocument;
using thumbgate::apidocs::Operation;

namespace {

const ApiDocument& document() {
    return ApiContract::of_repository().document();
}

// Of Debian's package openapi-specification.
json::value specification() {
    return parse_json(read_file("/usr/share/openapi-specification/schemas/v3.0/schema.json"));
}

void check_value(const json::value& schema, const json::value& value) {
    for (const std::string& objection : schema_objections(document().root(), schema, value)) FAIL_CHECK(objection);
}

// The examples of a media type, a parameter or a header.
void check_examples(const json::object& holder) {
    const json::value* schema = holder.if_contains("schema");
    if (schema == nullptr) return;
    if (const json::value* example = holder.if_contains("example")) check_value(*schema, *example);
    const json::value* examples = holder.if_contains("examples");
    if (examples == nullptr) return;
    for (const auto& example : examples->as_object()) {
        INFO(example.key());
        check_value(*schema, document().resolved(example.value()).at("value"));
    }
}

void check_contents(const json::object& message) {
    const json::value* content = message.if_contains("content");
    if (content == nullptr) return;
    for (const auto& media : content->as_object()) check_examples(media.value().as_object());
}

// Every {"$ref": …} in the document.
void collect_references(const json::value& value, std::set<std::string>& found) {
    if (const json::array* array = value.if_array()) {
        for (const json::value& item : *array) collect_references(item, found);
    }
    if (const json::object* object = value.if_object()) {
        for (const auto& [name, member] : *object) {
            if (name == "$ref" && member.is_string()) found.insert(std::string(member.get_string()));
            collect_references(member, found);
        }
    }
}

}  // namespace

TEST_CASE("docs/openapi.yaml is a valid OpenAPI 3.0 document of this version") {
    const json::value schema = specification();
    for (const std::string& objection : schema_objections(schema, schema, document().root())) FAIL_CHECK(objection);
    CHECK(document().root().at("info").at("version") == THUMBGATE_VERSION);
}

TEST_CASE("the specification finds what is no OpenAPI") {
    const json::value schema = specification();
    const json::value broken =
        parse_json(R"({"openapi": "3.0.3", "info": {"title": "x"}, "paths": {"/a": {"got": 1}}})");
    CHECK(schema_objections(schema, schema, broken).size() >= 2);
}

TEST_CASE("every example of the API's description is what its schema says") {
    for (const Operation& operation : document().operations()) {
        INFO(operation.method << " " << operation.path);
        if (const json::value* body = document().find(*operation.value, "requestBody"))
            check_contents(body->as_object());
        for (const auto& response : operation.value->at("responses").as_object()) {
            INFO(response.key());
            check_contents(document().resolved(response.value()).as_object());
        }
        const json::value* parameters = operation.value->if_contains("parameters");
        for (const json::value& parameter : parameters != nullptr ? parameters->as_array() : json::array()) {
            check_examples(document().resolved(parameter).as_object());
        }
    }
}

TEST_CASE("a problem's example is named by its code, and of the status that it stands for") {
    for (const std::string& answer : ApiContract::of_repository().answers()) {
        INFO(answer);
        const std::string code = answer.substr(answer.rfind(' ') + 1);
        const json::value* example = document().root().at("components").at("examples").as_object().if_contains(code);
        if (example == nullptr) continue;
        const json::value& problem = example->at("value");
        CHECK(text_at(problem, "type") == "urn:thumbgate:problem:" + code);
        CHECK_THAT(answer, contains(" " + text_at(problem, "status") + " "));
    }
}

TEST_CASE("everything that the API's description keeps in store is used") {
    std::set<std::string> used;
    collect_references(document().root(), used);
    for (const auto& [kind, components] : document().root().at("components").as_object()) {
        if (kind == "securitySchemes") continue;
        for (const auto& component : components.as_object()) {
            const std::string reference = "#/components/" + std::string(kind) + "/" + std::string(component.key());
            INFO(reference);
            CHECK(used.contains(reference));
        }
    }
}

TEST_CASE("docs/http-api.md has a line for every request below /api, and for no other") {
    const std::string text = read_file(repository() / "docs/http-api.md");
    const std::regex expression(R"(\n\| `([A-Z]+ /api/[^`?]*))");
    std::set<std::string> told;
    for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) told.insert((*it)[1]);
    std::set<std::string> described;
    for (const Operation& operation : document().operations()) {
        if (operation.path.starts_with("/api/")) described.insert(operation.method + " " + operation.path);
    }
    CHECK(told == described);
}

TEST_CASE("YAML is read as its core schema says, and a key that is there twice is an error") {
    const auto value =
        thumbgate::apidocs::read_yaml("a: 1\nb: '1'\nc: [true, null, 1.5, text]\nd: |\n  two\n  lines\n");
    REQUIRE(value);
    CHECK(*value == parse_json(R"({"a": 1, "b": "1", "c": [true, null, 1.5, "text"], "d": "two\nlines\n"})"));
    const auto twice = thumbgate::apidocs::read_yaml("a: 1\nb: 2\na: 3\n");
    REQUIRE_FALSE(twice);
    CHECK_THAT(twice.error(), contains("line 3") && contains("\"a\""));
    CHECK_FALSE(thumbgate::apidocs::read_yaml("a: [1"));
}
