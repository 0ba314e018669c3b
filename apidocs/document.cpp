#include "apidocs/document.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace thumbgate::apidocs {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kMethods{{{"get", "GET"},
                                                                                 {"post", "POST"},
                                                                                 {"put", "PUT"},
                                                                                 {"patch", "PATCH"},
                                                                                 {"delete", "DELETE"},
                                                                                 {"head", "HEAD"},
                                                                                 {"options", "OPTIONS"},
                                                                                 {"trace", "TRACE"}}};

template <typename Number>
bool read_number(std::string_view text, json::value& value) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return false;
    value = number;
    return true;
}

json::value scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return json::value(text);  // quoted, or a block
    if (text.empty() || text == "~" || text == "null") return nullptr;
    if (text == "true" || text == "false") return text == "true";
    const bool may_be_number = std::string_view("0123456789-.").contains(text.front());
    json::value number;
    if (may_be_number && (read_number<std::int64_t>(text, number) || read_number<double>(text, number))) return number;
    return json::value(text);
}

std::string place(const YAML::Mark& mark) {
    return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
}

json::value to_json(const YAML::Node& node) {
    if (node.IsSequence()) {
        json::array array;
        for (const YAML::Node& item : node) array.push_back(to_json(item));
        return array;
    }
    if (!node.IsMap()) return node.IsNull() ? json::value() : scalar(node);
    json::object object;
    for (const auto& member : node) {
        const YAML::Node& key = member.first;
        const bool is_new = object.emplace(key.Scalar(), to_json(member.second)).second;
        if (!is_new) throw YAML::ParserException(key.Mark(), "\"" + key.Scalar() + "\" is there twice");
    }
    return object;
}

const json::value* reference_in(const json::value& value) {
    const json::object* object = value.if_object();
    return object == nullptr ? nullptr : object->if_contains("$ref");
}

}  // namespace

std::expected<json::value, std::string> read_yaml(std::string_view text) try {
    return to_json(YAML::Load(std::string(text)));
} catch (const YAML::Exception& error) {
    return std::unexpected(place(error.mark) + ": " + error.msg);
}

std::expected<ApiDocument, std::string> ApiDocument::read(std::string_view yaml) {
    auto root = read_yaml(yaml);
    if (!root) return std::unexpected(std::move(root.error()));
    const json::object* object = root->if_object();
    const json::value* paths = object == nullptr ? nullptr : object->if_contains("paths");
    if (paths == nullptr || !paths->is_object()) return std::unexpected("there are no \"paths\"");
    return ApiDocument(std::move(*root));
}

std::vector<Operation> ApiDocument::operations() const {
    std::vector<Operation> operations;
    for (const auto& [path, item] : root_.at("paths").as_object()) {
        for (const auto& [key, value] : item.as_object()) {
            const auto method =
                std::ranges::find(kMethods, std::string_view(key), &decltype(kMethods)::value_type::first);
            if (method == kMethods.end()) continue;
            operations.push_back({std::string(method->second), std::string(path), &value.as_object()});
        }
    }
    return operations;
}

const json::value& ApiDocument::resolved(const json::value& value) const {
    const json::value* found = &value;
    for (const json::value* reference = reference_in(*found); reference != nullptr; reference = reference_in(*found)) {
        const auto target = json::value_to<std::string>(*reference);
        boost::system::error_code error;
        found = target.starts_with("#/") ? root_.find_pointer(target.substr(1), error) : nullptr;
        if (found == nullptr) throw std::out_of_range("\"" + target + "\" is nowhere");
    }
    return *found;
}

const json::value* ApiDocument::find(const json::object& object, std::string_view name) const {
    const json::value* member = object.if_contains(name);
    return member == nullptr ? nullptr : &resolved(*member);
}

std::string_view text_of(const json::object& object, std::string_view name) {
    const json::value* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string_view(member->get_string()) : std::string_view{};
}

}  // namespace thumbgate::apidocs
