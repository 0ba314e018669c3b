#include "tests/support/json_schema.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <stdexcept>
#include <string_view>

namespace thumbgate::test {

namespace {

constexpr std::array<std::string_view, 15> kAnnotations{
    "title",   "description", "format",   "default",  "example",     "deprecated",   "readOnly",     "writeOnly",
    "$schema", "id",          "nullable", "examples", "definitions", "externalDocs", "discriminator"};

bool is_annotation(std::string_view keyword) {
    return keyword.starts_with("x-") || std::ranges::find(kAnnotations, keyword) != kAnnotations.end();
}

bool matches(const std::string& pattern, const std::string& text) {
    thread_local std::map<std::string, std::regex> known;
    const auto found = known.try_emplace(pattern, pattern).first;
    return std::regex_search(text, found->second);
}

std::string as_text(const json::value& value) {
    return std::string(value.as_string());
}

bool is_of_type(const json::value& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "number") return value.is_number();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    throw std::invalid_argument("no type is \"" + std::string(type) + "\"");
}

// Characters, not bytes.
std::size_t length_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// One value against one schema; sub-schemas are checked by further ones.
class Check {
  public:
    Check(const json::value& document, const json::object& schema, const json::value& value, std::string place)
        : document_(document), schema_(schema), value_(value), place_(std::move(place)) {}

    std::vector<std::string> run();

  private:
    bool check_combination(std::string_view keyword, const json::value& expected);
    bool check_object(std::string_view keyword, const json::value& expected);
    bool check_array(std::string_view keyword, const json::value& expected);
    bool check_scalar(std::string_view keyword, const json::value& expected);
    void check_type(const json::value& expected);
    void check_properties();
    void check_bound(std::string_view keyword, double bound);
    void check_count(std::string_view keyword, const json::value& expected, std::string_view what, std::size_t count);

    void object_to(std::string what) { objections_.push_back((place_.empty() ? "/" : place_) + ": " + what); }
    std::vector<std::string> under(const json::value& schema) const { return under(schema, value_, place_); }
    std::vector<std::string> under(const json::value& schema, const json::value& value, std::string place) const;
    void take(std::vector<std::string> objections) { std::ranges::move(objections, std::back_inserter(objections_)); }
    bool is_set(std::string_view keyword) const {
        const json::value* flag = schema_.if_contains(keyword);
        return flag != nullptr && flag->as_bool();
    }

    const json::value& document_;
    const json::object& schema_;
    const json::value& value_;
    std::string place_;
    std::vector<std::string> objections_;
};

std::vector<std::string> Check::under(const json::value& schema, const json::value& value, std::string place) const {
    if (!schema.is_object()) throw std::invalid_argument("a schema is no object: " + json::serialize(schema));
    return Check(document_, schema.get_object(), value, std::move(place)).run();
}

std::vector<std::string> Check::run() {
    if (const json::value* reference = schema_.if_contains("$ref"); reference != nullptr && reference->is_string()) {
        const std::string target = as_text(*reference);
        boost::system::error_code error;
        const json::value* found = target == "#" ? &document_ : nullptr;
        if (target.starts_with("#/")) found = document_.find_pointer(target.substr(1), error);
        if (found == nullptr) throw std::invalid_argument("\"" + target + "\" is nowhere");
        return under(*found);
    }
    if (value_.is_null() && is_set("nullable")) return {};
    for (const auto& [key, expected] : schema_) {
        const std::string_view keyword(key);
        if (is_annotation(keyword)) continue;
        const bool is_known = check_combination(keyword, expected) || check_object(keyword, expected) ||
                              check_array(keyword, expected) || check_scalar(keyword, expected);
        if (!is_known) throw std::invalid_argument("the keyword \"" + std::string(keyword) + "\" is not known");
    }
    check_properties();
    return std::move(objections_);
}

bool Check::check_combination(std::string_view keyword, const json::value& expected) {
    if (keyword == "not") {
        if (under(expected).empty()) object_to("is what it must not be");
        return true;
    }
    if (keyword != "allOf" && keyword != "anyOf" && keyword != "oneOf") return false;
    std::size_t valid = 0;
    std::vector<std::string> all;
    for (const json::value& schema : expected.as_array()) {
        std::vector<std::string> objections = under(schema);
        if (objections.empty()) ++valid;
        std::ranges::move(objections, std::back_inserter(all));
    }
    if (keyword == "allOf" || valid == 0) take(std::move(all));
    if (keyword == "oneOf" && valid > 1) object_to("is more than one of what it may be one of");
    return true;
}

bool Check::check_object(std::string_view keyword, const json::value& expected) {
    if (keyword == "properties" || keyword == "patternProperties" || keyword == "additionalProperties") return true;
    const json::object* object = value_.if_object();
    if (keyword == "required") {
        for (const json::value& name : expected.as_array()) {
            if (object != nullptr && !object->contains(name.as_string())) object_to("has no " + json::serialize(name));
        }
        return true;
    }
    if (keyword != "minProperties" && keyword != "maxProperties") return false;
    if (object != nullptr) check_count(keyword, expected, "members", object->size());
    return true;
}

// Three keywords that are about each other.
void Check::check_properties() {
    const json::object* object = value_.if_object();
    if (object == nullptr) return;
    const json::value* properties = schema_.if_contains("properties");
    const json::value* patterns = schema_.if_contains("patternProperties");
    const json::value* additional = schema_.if_contains("additionalProperties");
    for (const auto& [name, member] : *object) {
        const std::string place = place_ + "/" + std::string(name);
        bool is_known = false;
        if (properties != nullptr && properties->as_object().contains(name)) {
            is_known = true;
            take(under(properties->at(name), member, place));
        }
        for (const auto& [pattern, schema] : patterns != nullptr ? patterns->as_object() : json::object()) {
            if (!matches(std::string(pattern), std::string(name))) continue;
            is_known = true;
            take(under(schema, member, place));
        }
        if (is_known || additional == nullptr) continue;
        if (!additional->is_bool()) {
            take(under(*additional, member, place));
        } else if (!additional->get_bool()) {
            object_to("has \"" + std::string(name) + "\", which it must not");
        }
    }
}

bool Check::check_array(std::string_view keyword, const json::value& expected) {
    const json::array* array = value_.if_array();
    if (keyword == "items") {
        for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
            take(under(expected, (*array)[i], place_ + "/" + std::to_string(i)));
        }
        return true;
    }
    if (keyword == "uniqueItems") {
        for (std::size_t i = 0; array != nullptr && expected.as_bool() && i < array->size(); ++i) {
            if (std::find(array->begin(), array->begin() + static_cast<std::ptrdiff_t>(i), (*array)[i]) !=
                array->begin() + static_cast<std::ptrdiff_t>(i)) {
                object_to("has an item twice");
            }
        }
        return true;
    }
    if (keyword != "minItems" && keyword != "maxItems") return false;
    if (array != nullptr) check_count(keyword, expected, "items", array->size());
    return true;
}

bool Check::check_scalar(std::string_view keyword, const json::value& expected) {
    if (keyword == "type") {
        check_type(expected);
    } else if (keyword == "enum") {
        const json::array& allowed = expected.as_array();
        if (std::ranges::find(allowed, value_) == allowed.end()) {
            object_to(json::serialize(value_) + " is none of " + json::serialize(expected));
        }
    } else if (keyword == "pattern") {
        const bool fits = !value_.is_string() || matches(as_text(expected), as_text(value_));
        if (!fits) object_to(json::serialize(value_) + " does not match " + as_text(expected));
    } else if (keyword == "minLength" || keyword == "maxLength") {
        if (value_.is_string()) check_count(keyword, expected, "characters", length_of(as_text(value_)));
    } else if (keyword == "minimum" || keyword == "maximum") {
        check_bound(keyword, expected.to_number<double>());
    } else {
        return keyword == "exclusiveMinimum" || keyword == "exclusiveMaximum";  // part of the bound
    }
    return true;
}

void Check::check_type(const json::value& expected) {
    const json::array types = expected.is_array() ? expected.get_array() : json::array{expected};
    const auto fits = [this](const json::value& type) { return is_of_type(value_, type.as_string()); };
    if (std::ranges::none_of(types, fits)) {
        object_to(json::serialize(value_).substr(0, 80) + " is not of type " + json::serialize(expected));
    }
}

void Check::check_bound(std::string_view keyword, double bound) {
    if (!value_.is_number()) return;
    const auto number = value_.to_number<double>();
    const bool is_least = keyword == "minimum";
    const bool is_exclusive = is_set(is_least ? "exclusiveMinimum" : "exclusiveMaximum");
    const bool fits = (is_least ? number > bound : number < bound) || (number == bound && !is_exclusive);
    if (!fits) object_to(json::serialize(value_) + " is beyond the " + std::string(keyword));
}

void Check::check_count(std::string_view keyword, const json::value& expected, std::string_view what,
                        std::size_t count) {
    const auto bound = expected.to_number<std::size_t>();
    const bool fits = keyword.starts_with("min") ? count >= bound : count <= bound;
    if (!fits) object_to("has " + std::to_string(count) + " " + std::string(what));
}

}  // namespace

std::vector<std::string> schema_objections(const json::value& document, const json::value& schema,
                                           const json::value& value) {
    if (!schema.is_object()) throw std::invalid_argument("a schema is no object: " + json::serialize(schema));
    return Check(document, schema.get_object(), value, {}).run();
}

}  // namespace thumbgate::test
