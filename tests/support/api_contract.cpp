#include "tests/support/api_contract.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/json.hpp"
#include "tests/support/json_schema.hpp"
#include "tests/support/programs.hpp"

namespace thumbgate::test {

namespace {

using apidocs::ApiDocument;
using apidocs::Operation;
using apidocs::text_of;

constexpr std::string_view kProblem = "application/problem+json";
constexpr int kServerError = 500;

std::string_view path_of(std::string_view target) {
    if (const std::size_t scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
        target.remove_prefix(std::min(target.find('/', scheme + 3), target.size()));
    }
    return target.substr(0, target.find_first_of("?#"));
}

std::string_view take_segment(std::string_view& path) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    return segment;
}

// How many of the pattern's segments are placeholders; nullopt where the path is not of it. A last placeholder that
// `holds_slashes` takes all that is left.
std::optional<int> placeholders_of(std::string_view pattern, std::string_view path, bool holds_slashes) {
    int placeholders = 0;
    const auto slashes = [](std::string_view text) { return std::ranges::count(text, '/'); };
    if (holds_slashes ? slashes(path) < slashes(pattern) : slashes(path) != slashes(pattern)) return std::nullopt;
    while (!pattern.empty()) {
        const std::string_view expected = take_segment(pattern);
        const std::string_view segment =
            pattern.empty() && holds_slashes ? std::exchange(path, {}) : take_segment(path);
        if (expected.starts_with('{') ? segment.empty() : segment != expected) return std::nullopt;
        if (expected.starts_with('{')) ++placeholders;
    }
    return placeholders;
}

bool holds_slashes(const ApiDocument& document, const std::string& path) {
    const json::value* parameters = document.root().at("paths").at(path).as_object().if_contains("parameters");
    if (parameters == nullptr) return false;
    return std::ranges::any_of(parameters->as_array(), [&](const json::value& parameter) {
        return document.resolved(parameter).as_object().contains("x-holds-slashes");
    });
}

// The most literal one: /api/sessions/current is no {id}.
std::optional<Operation> operation_of(const ApiDocument& document, std::string_view method, std::string_view path) {
    std::optional<Operation> best;
    int least = 0;
    for (Operation& operation : document.operations()) {
        if (operation.method != (method == "HEAD" ? "GET" : method)) continue;
        const auto count = placeholders_of(operation.path, path, holds_slashes(document, operation.path));
        if (!count || (best && *count >= least)) continue;
        least = *count;
        best = std::move(operation);
    }
    return best;
}

// "corrupt" of "urn:thumbgate:problem:corrupt".
std::string code_of(const json::value& problem) {
    const std::string type = problem.is_object() ? std::string(text_of(problem.get_object(), "type")) : "";
    return type.starts_with("urn:") ? type.substr(type.rfind(':') + 1) : type;
}

std::string media_type_of(const Response& response) {
    const std::string type = response.header("content-type");
    return type.substr(0, type.find(';'));
}

bool is_json(std::string_view media) {
    return media == "application/json" || media == kProblem;
}

bool covers(std::string_view documented, std::string_view media) {
    if (!documented.ends_with("/*")) return documented == media;
    return media.starts_with(documented.substr(0, documented.size() - 1));
}

// One answer against what is documented for its status.
class Case {
  public:
    Case(const ApiDocument& document, std::string name, const Response& response, bool has_body)
        : document_(document), response_(response), has_body_(has_body) {
        judgement_.answer = std::move(name);
    }

    void check(const json::object& documented);
    void object_to(std::string what) { judgement_.objections.push_back(std::move(what)); }
    Judgement take() { return std::move(judgement_); }

  private:
    void check_headers(const json::object& documented);
    void check_body(const json::object& content);
    void check_problem(const json::object& media, const json::value& problem);
    void check_schema(const json::object& holder, const json::value& value, const std::string& what);

    const ApiDocument& document_;
    const Response& response_;
    bool has_body_;
    Judgement judgement_;
};

void Case::check(const json::object& documented) {
    check_headers(documented);
    const json::value* content = documented.if_contains("content");
    if (content != nullptr) return check_body(content->as_object());
    if (has_body_ && !response_.body.empty()) object_to("it has a body, and none is documented: " + response_.body);
}

void Case::check_headers(const json::object& documented) {
    const json::value* headers = documented.if_contains("headers");
    if (headers == nullptr) return;
    for (const auto& [key, value] : headers->as_object()) {
        const std::string name(key);
        const json::object& header = document_.resolved(value).as_object();
        const json::value* required = header.if_contains("required");
        if (response_.headers.has(name)) {
            check_schema(header, json::value(response_.header(name)), name);
        } else if (required != nullptr && required->as_bool()) {
            object_to("it has no " + name);
        }
    }
}

void Case::check_body(const json::object& content) {
    const std::string media = media_type_of(response_);
    const auto documented =
        std::ranges::find_if(content, [&](const auto& pair) { return covers(std::string_view(pair.key()), media); });
    if (documented == content.end()) return object_to("\"" + media + "\" is not documented");
    const json::object& of_media = documented->value().as_object();
    const std::string type(documented->key());
    if (!has_body_) return;
    if (response_.body.empty()) object_to("it has no body");
    json::value body(media.starts_with("image/") ? std::string() : response_.body);
    if (is_json(media)) body = parse_json(response_.body);
    check_schema(of_media, body, "the body");
    if (media == kProblem) return check_problem(of_media, body);
    if (content.size() > 1) judgement_.answer += " " + type;
}

void Case::check_problem(const json::object& media, const json::value& problem) {
    if (!problem.is_object() || problem.at("status") != response_.status) object_to("its status is another one");
    if (response_.status >= kServerError) return;
    const std::string code = code_of(problem);
    judgement_.answer += " " + code;
    const json::value* examples = media.if_contains("examples");
    if (code == "about:blank") return;
    if (examples == nullptr || !examples->as_object().contains(code)) {
        return object_to("the problem \"" + code + "\" is not documented: " + response_.body);
    }
    const json::value& example = document_.resolved(examples->at(code)).at("value");
    if (example.at("title") != problem.at("title")) object_to("its title is another one: " + response_.body);
}

void Case::check_schema(const json::object& holder, const json::value& value, const std::string& what) {
    const json::value* schema = holder.if_contains("schema");
    if (schema == nullptr) return;
    for (const std::string& objection : schema_objections(document_.root(), *schema, value)) {
        object_to(what + ": " + objection);
    }
}

bool is_edge_refusal(const Response& response) {
    if (media_type_of(response) != kProblem || response.status >= kServerError) return false;
    boost::system::error_code error;
    return code_of(json::parse(response.body, error)) == "about:blank";
}

// Whether kinds of problems are not listed.
bool is_open(const json::value* response) {
    const json::value* content = response == nullptr ? nullptr : response->as_object().if_contains("content");
    const json::value* problem = content == nullptr ? nullptr : content->as_object().if_contains(kProblem);
    return problem != nullptr && !problem->as_object().contains("examples");
}

void add_answers(std::set<std::string>& answers, const ApiDocument& document, const std::string& name,
                 const json::object& response) {
    const json::value* content = response.if_contains("content");
    const bool is_server_error = name.substr(name.rfind(' ') + 1).starts_with('5');
    if (content == nullptr || is_server_error) {
        answers.insert(name);
        return;
    }
    for (const auto& [media, value] : content->as_object()) {
        const json::value* examples = document.resolved(value).as_object().if_contains("examples");
        if (std::string_view(media) != kProblem) {
            answers.insert(content->as_object().size() > 1 ? name + " " + std::string(media) : name);
        } else if (examples == nullptr) {
            answers.insert(name + " about:blank");
        } else {
            for (const auto& example : examples->as_object()) answers.insert(name + " " + std::string(example.key()));
        }
    }
}

}  // namespace

const ApiContract& ApiContract::of_repository() {
    static const ApiContract contract = [] {
        auto document = ApiDocument::read(read_file(repository() / "docs/openapi.yaml"));
        if (!document) FAIL("docs/openapi.yaml: " << document.error());
        return ApiContract(std::move(*document));
    }();
    return contract;
}

Judgement ApiContract::judge(std::string_view method, std::string_view target, const Response& response) const {
    const std::string_view path = path_of(target);
    const auto operation = operation_of(document_, method, path);
    const std::string asked = std::string(method) + " " + std::string(path);
    if (!operation) {
        const bool is_api = path.starts_with("/api/") || path.starts_with("/s/");
        if (!is_api || response.status >= 400) return {};
        return {{}, {asked + " is not documented, and was answered by " + std::to_string(response.status)}};
    }
    const json::object& responses = operation->value->at("responses").as_object();
    const std::string status = std::to_string(response.status);
    Case judged(document_, operation->method + " " + operation->path + " " + status, response, method != "HEAD");
    const bool has_default = responses.contains("default");
    const json::value* documented = document_.find(responses, status);
    if (has_default && is_edge_refusal(response) && !is_open(documented))
        documented = document_.find(responses, "default");
    if (documented == nullptr) {
        judged.object_to("the status is not documented: " + response.body.substr(0, 500));
        return judged.take();
    }
    judged.check(documented->as_object());
    Judgement judgement = judged.take();
    for (std::string& objection : judgement.objections) objection = asked + " " + status + ": " + objection;
    return judgement;
}

std::set<std::string> ApiContract::answers() const {
    std::set<std::string> answers;
    for (const Operation& operation : document_.operations()) {
        for (const auto& [status, value] : operation.value->at("responses").as_object()) {
            if (std::string_view(status) == "default") continue;
            add_answers(answers, document_, operation.method + " " + operation.path + " " + std::string(status),
                        document_.resolved(value).as_object());
        }
    }
    return answers;
}

}  // namespace thumbgate::test
