#include "tests/support/json.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

namespace thumbgate::test {

namespace {

const json::value* member(const json::value& object, std::string_view name) {
    const json::object* members = object.if_object();
    return members ? members->if_contains(name) : nullptr;
}

}  // namespace

json::value parse_json(std::string_view text) {
    boost::system::error_code error;
    json::value document = json::parse(text, error);
    if (error) FAIL("not JSON (" << error.message() << "): " << text);
    return document;
}

std::vector<json::value> parse_json_lines(std::string_view text) {
    std::vector<json::value> documents;
    for (const auto& line : lines_of(text)) documents.push_back(parse_json(line));
    return documents;
}

std::string text_at(const json::value& object, std::string_view name) {
    const json::value* found = member(object, name);
    if (!found) return {};
    return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
}

int64_t number_at(const json::value& object, std::string_view name) {
    const json::value* found = member(object, name);
    if (!found || !found->is_number()) FAIL("no number `" << name << "` in " << json::serialize(object));
    return found->to_number<int64_t>();
}

}  // namespace thumbgate::test
