#include "apidocs/page.hpp"

#include <algorithm>
#include <utility>

#include "apidocs/html.hpp"
#include "apidocs/schema_html.hpp"

namespace thumbgate::apidocs {
namespace {

constexpr std::string_view kResponses = "#/components/responses/";
constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>thumbgate HTTP API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<link rel="stylesheet" href="/api-docs.css">
</head>
<body>
<a class="skip" href="#requests">Skip to the requests</a>
<header class="top">
<a class="brand" href="/" aria-label="thumbgate, your photos"><img src="/icon.svg" alt="" width="28" height="28"><span>thumbgate</span></a>
<nav class="actions" aria-label="This description"><a class="quiet" href="/api/openapi.yaml">openapi.yaml</a></nav>
</header>
<div class="docs">
)";
constexpr std::string_view kTail = "</main>\n</div>\n</body>\n</html>\n";

const json::array& array_of(const json::object& object, std::string_view name) {
    static const json::array kNone;
    const json::value* member = object.if_contains(name);
    return member == nullptr ? kNone : member->as_array();
}

std::string id_of(std::string_view text) {
    std::string id(text);
    std::ranges::replace(id, ' ', '-');
    return id;
}

std::string method_html(std::string_view method) {
    return "<span class=\"method " + std::string(method) + "\">" + std::string(method) + "</span>";
}

bool has_tag(const Operation& operation, std::string_view tag) {
    return std::ranges::any_of(array_of(*operation.value, "tags"),
                               [&](const json::value& item) { return item.as_string() == tag; });
}

class Page {
  public:
    explicit Page(const ApiDocument& document) : document_(document), operations_(document.operations()) {}

    std::string render();

  private:
    std::string contents() const;
    std::string group(const json::object& tag) const;
    std::string operation(const Operation& operation) const;
    std::string parameters(const Operation& operation) const;
    std::string body(const json::object& operation) const;
    std::string answers(const json::object& operation) const;
    std::string answer(std::string_view status, const json::value& response) const;
    std::string answer_details(const json::object& response) const;
    std::string media(std::string_view type, const json::object& value) const;
    std::string examples(const json::object& media) const;
    std::string problems(const json::object& examples) const;
    std::string shared_answers() const;
    std::string schemas() const;
    const json::object& root() const { return document_.root().as_object(); }
    const json::object& components(std::string_view kind) const { return root().at("components").at(kind).as_object(); }

    const ApiDocument& document_;
    std::vector<Operation> operations_;
};

std::string Page::render() {
    const json::object& info = root().at("info").as_object();
    std::string html(kHead);
    html += contents();
    html += "<main id=\"requests\">\n<h1>" + escaped(text_of(info, "title")) + "</h1>\n<p class=\"muted\">Version " +
            escaped(text_of(info, "version")) + "</p>\n" + paragraphs(text_of(info, "description"));
    for (const json::value& tag : array_of(root(), "tags")) html += group(tag.as_object());
    html += shared_answers() + schemas();
    return html + std::string(kTail);
}

std::string Page::contents() const {
    std::string html = "<nav class=\"contents\" aria-label=\"Contents\">\n";
    for (const json::value& tag : array_of(root(), "tags")) {
        const std::string_view name = text_of(tag.as_object(), "name");
        html += "<p><a href=\"#" + id_of(name) + "\">" + escaped(name) + "</a></p>\n<ul>\n";
        for (const Operation& operation : operations_) {
            if (!has_tag(operation, name)) continue;
            html += "<li><a href=\"#" + escaped(text_of(*operation.value, "operationId")) + "\">" +
                    escaped(text_of(*operation.value, "summary")) + "</a></li>\n";
        }
        html += "</ul>\n";
    }
    return html + "<p><a href=\"#answers\">Answers</a></p>\n<p><a href=\"#schemas\">Schemas</a></p>\n</nav>\n";
}

std::string Page::group(const json::object& tag) const {
    const std::string_view name = text_of(tag, "name");
    std::string html = "<section id=\"" + id_of(name) + "\">\n<h2>" + escaped(name) + "</h2>\n" +
                       paragraphs(text_of(tag, "description"));
    for (const Operation& item : operations_) {
        if (has_tag(item, name)) html += operation(item);
    }
    return html + "</section>\n";
}

std::string Page::operation(const Operation& operation) const {
    const json::object& value = *operation.value;
    const auto needs = [](const json::value& item) { return !item.as_object().empty(); };
    const json::array& security = array_of(value, "security");
    std::string html = "<article id=\"" + escaped(text_of(value, "operationId")) + "\">\n<h3>" +
                       escaped(text_of(value, "summary")) + "</h3>\n<p class=\"request\">" +
                       method_html(operation.method) + " " + code(operation.path);
    if (!security.empty() && std::ranges::all_of(security, needs)) {
        std::string schemes;
        for (const json::value& item : security) {
            schemes += schemes.empty() ? "a " : " or a ";
            schemes += item.as_object().begin()->key();
        }
        html += " <span class=\"must\">needs " + escaped(schemes) + "</span>";
    }
    html += "</p>\n" + paragraphs(text_of(value, "description"));
    return html + parameters(operation) + body(value) + answers(value) + "</article>\n";
}

std::string Page::parameters(const Operation& operation) const {
    std::string members;
    const json::object& path = root().at("paths").at(operation.path).as_object();
    for (const json::array* list : {&array_of(path, "parameters"), &array_of(*operation.value, "parameters")}) {
        for (const json::value& item : *list) {
            const json::object& parameter = document_.resolved(item).as_object();
            members += "<dt>" + code(text_of(parameter, "name")) + " <span class=\"type\">" +
                       schema_in_words(parameter.at("schema")) + "</span> <span class=\"must\">" +
                       escaped(text_of(parameter, "in")) + "</span></dt>\n<dd>" +
                       paragraphs(text_of(parameter, "description")) + "</dd>\n";
        }
    }
    if (members.empty()) return members;
    return "<h4>Parameters</h4>\n<dl class=\"members\">\n" + members + "</dl>\n";
}

std::string Page::body(const json::object& operation) const {
    const json::value* body = document_.find(operation, "requestBody");
    if (body == nullptr) return {};
    std::string html = "<h4>Body</h4>\n";
    for (const auto& [type, value] : body->at("content").as_object()) {
        html += media(std::string_view(type), value.as_object());
        html += members_html(document_, value.at("schema"));
    }
    return html;
}

std::string Page::answers(const json::object& operation) const {
    std::string html = "<h4>Answers</h4>\n<dl class=\"answers\">\n";
    for (const auto& [status, response] : operation.at("responses").as_object()) {
        html += answer(std::string_view(status), response);
    }
    return html + "</dl>\n";
}

// Refusals that many requests share are told once.
std::string Page::answer(std::string_view status, const json::value& response) const {
    const json::object& resolved = document_.resolved(response).as_object();
    const std::string_view reference = text_of(response.as_object(), "$ref");
    const bool is_told_once = reference.starts_with(kResponses) && !status.starts_with('2');
    std::string html = "<dt class=\"status-" + std::string(status.substr(0, 1)) + "\">" +
                       (status == "default" ? "other" : escaped(status)) + "</dt>\n<dd>";
    if (!is_told_once) return html + answer_details(resolved) + "</dd>\n";
    const std::string name = escaped(reference.substr(kResponses.size()));
    const std::string_view description = text_of(resolved, "description");
    const std::string_view first = description.substr(0, description.find_first_of(".:;"));
    return html + "<p><a href=\"#answer-" + name + "\">" + inline_html(first) + "</a></p></dd>\n";
}

std::string Page::answer_details(const json::object& response) const {
    std::string html = paragraphs(text_of(response, "description"));
    std::string names;
    if (const json::value* headers = response.if_contains("headers")) {
        for (const auto& header : headers->as_object()) {
            names += (names.empty() ? "" : ", ") + code(std::string_view(header.key()));
        }
    }
    if (!names.empty()) html += "<p class=\"muted small\">With " + names + "</p>\n";
    if (const json::value* content = response.if_contains("content")) {
        for (const auto& [type, value] : content->as_object()) html += media(std::string_view(type), value.as_object());
    }
    return html;
}

std::string Page::media(std::string_view type, const json::object& value) const {
    const json::value* found = value.if_contains("examples");
    if (type == "application/problem+json" && found != nullptr) return problems(found->as_object());
    std::string html = "<p class=\"small\">" + code(type);
    if (const json::value* schema = value.if_contains("schema"); schema != nullptr && type.contains("json")) {
        html += ": " + schema_in_words(*schema);
    }
    return html + "</p>\n" + examples(value);
}

std::string Page::examples(const json::object& media) const {
    std::string html;
    if (const json::value* example = media.if_contains("example")) html += fold("Example", pretty_json(*example));
    if (const json::value* named = media.if_contains("examples")) {
        for (const auto& [name, example] : named->as_object()) {
            html += fold("Example: " + std::string(name), pretty_json(document_.resolved(example).at("value")));
        }
    }
    return html;
}

std::string Page::problems(const json::object& examples) const {
    std::string html = "<ul class=\"problems\">\n";
    for (const auto& [name, example] : examples) {
        const json::object& problem = document_.resolved(example).at("value").as_object();
        html += "<li>" + code(text_of(problem, "type").substr(text_of(problem, "type").rfind(':') + 1)) + " " +
                escaped(text_of(problem, "detail")) + "</li>\n";
    }
    return html + "</ul>\n";
}

std::string Page::shared_answers() const {
    std::string html = "<section id=\"answers\">\n<h2>Answers</h2>\n<p>Those that many requests have in common.</p>\n";
    for (const auto& [name, response] : components("responses")) {
        html += "<article id=\"answer-" + escaped(std::string_view(name)) + "\">\n<h3>" +
                escaped(std::string_view(name)) + "</h3>\n" + answer_details(response.as_object()) + "</article>\n";
    }
    return html + "</section>\n";
}

std::string Page::schemas() const {
    std::string html = "<section id=\"schemas\">\n<h2>Schemas</h2>\n";
    for (const auto& [name, schema] : components("schemas")) {
        html += "<article id=\"schema-" + escaped(std::string_view(name)) + "\">\n<h3>" +
                escaped(std::string_view(name)) + "</h3>\n" + paragraphs(text_of(schema.as_object(), "description"));
        const std::string members = members_html(document_, schema);
        html += members.empty() ? "<p>" + schema_in_words(schema) + "</p>\n" : members;
        html += "</article>\n";
    }
    return html + "</section>\n";
}

}  // namespace

std::string page_of(const ApiDocument& document) {
    return Page(document).render();
}

}  // namespace thumbgate::apidocs
