#include "apidocs/schema_html.hpp"

#include <algorithm>

#include "apidocs/html.hpp"

namespace thumbgate::apidocs {
namespace {

constexpr std::string_view kSchemas = "#/components/schemas/";

std::string joined(const json::array& schemas, std::string_view separator) {
    std::string words;
    for (const json::value& schema : schemas) {
        if (!words.empty()) words += separator;
        words += schema_in_words(schema);
    }
    return words;
}

std::string values_in_words(const json::array& values) {
    std::string words;
    for (const json::value& value : values) {
        if (!words.empty()) words += ", ";
        words += code(value.is_string() ? std::string_view(value.get_string()) : json::serialize(value));
    }
    return words;
}

std::string number_of(const json::object& schema, std::string_view name) {
    const json::value* number = schema.if_contains(name);
    return number == nullptr ? std::string() : json::serialize(*number);
}

std::string range_in_words(const std::string& least, const std::string& most, std::string_view unit) {
    if (least.empty() && most.empty()) return {};
    if (most.empty()) return ", at least " + least + std::string(unit);
    if (least.empty()) return ", at most " + most + std::string(unit);
    return ", " + least + " to " + most + std::string(unit);
}

std::string_view type_in_words(const json::object& schema) {
    const std::string_view type = text_of(schema, "type");
    if (text_of(schema, "format") == "binary") return "a file";
    if (type == "string") return "text";
    if (type == "boolean") return "true or false";
    return type;
}

std::string base_in_words(const json::object& schema) {
    if (const json::value* values = schema.if_contains("enum")) return values_in_words(values->as_array());
    if (const json::value* items = schema.if_contains("items")) return "list of " + schema_in_words(*items);
    if (const json::value* any = schema.if_contains("oneOf")) return joined(any->as_array(), " or ");
    if (const json::value* all = schema.if_contains("allOf")) return joined(all->as_array(), " and ");
    if (const json::value* additional = schema.if_contains("additionalProperties");
        additional && additional->is_object())
        return "object of " + schema_in_words(*additional);
    return std::string(type_in_words(schema));
}

void add_members(std::string& html, const ApiDocument& document, const json::object& schema);

std::string member_html(const ApiDocument& document, const std::string& name, const json::value& schema,
                        bool is_required) {
    std::string html = "<dt>" + code(name) + " <span class=\"type\">" + schema_in_words(schema) + "</span>";
    if (is_required) html += " <span class=\"must\">required</span>";
    html += "</dt>\n<dd>";
    const json::object& object = document.resolved(schema).as_object();
    html += paragraphs(text_of(object, "description"));
    if (!schema.as_object().contains("$ref")) html += members_html(document, schema);
    return html + "</dd>\n";
}

void add_members(std::string& html, const ApiDocument& document, const json::object& schema) {
    if (const json::value* all = schema.if_contains("allOf")) {
        for (const json::value& part : all->as_array())
            add_members(html, document, document.resolved(part).as_object());
    }
    const json::value* properties = schema.if_contains("properties");
    if (properties == nullptr) return;
    const json::value* required = schema.if_contains("required");
    for (const auto& [key, member] : properties->as_object()) {
        const json::value name(key);
        const bool is_required =
            required != nullptr && std::ranges::find(required->as_array(), name) != required->as_array().end();
        html += member_html(document, std::string(key), member, is_required);
    }
}

}  // namespace

std::string schema_in_words(const json::value& schema) {
    const json::object& object = schema.as_object();
    if (const std::string_view reference = text_of(object, "$ref"); reference.starts_with(kSchemas)) {
        const std::string name = escaped(reference.substr(kSchemas.size()));
        return "<a href=\"#schema-" + name + "\">" + name + "</a>";
    }
    std::string words = base_in_words(object);
    if (!object.contains("enum")) {
        words += range_in_words(number_of(object, "minimum"), number_of(object, "maximum"), "");
        words += range_in_words(number_of(object, "minItems"), number_of(object, "maxItems"), " items");
        words += range_in_words(number_of(object, "minLength"), number_of(object, "maxLength"), " characters");
    }
    if (const std::string_view pattern = text_of(object, "pattern"); !pattern.empty()) words += ", " + code(pattern);
    if (const json::value* fallback = object.if_contains("default")) {
        words += ", " + code(json::serialize(*fallback)) + " if it is not there";
    }
    const json::value* nullable = object.if_contains("nullable");
    return nullable != nullptr && nullable->as_bool() && !object.contains("enum") ? words + ", or null" : words;
}

std::string members_html(const ApiDocument& document, const json::value& schema) {
    std::string members;
    add_members(members, document, document.resolved(schema).as_object());
    return members.empty() ? members : "<dl class=\"members\">\n" + members + "</dl>\n";
}

}  // namespace thumbgate::apidocs
