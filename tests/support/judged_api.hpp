// The whole chain with limits that are soon reached, where every answer is held to docs/openapi.yaml and remembered.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/support/api_contract.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

namespace thumbgate::test {

inline const Headers kFromElsewhere{{"Origin", "https://elsewhere.example"}};
inline const std::string kNoId = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

// Whatever is asked comes from another address each time.
struct JudgedApi {
    explicit JudgedApi(const std::vector<std::string>& flags = {})
        : stack({.edits = {{"nginx.conf", "listen 127.0.0.1:",
                            "set_real_ip_from 127.0.0.1; real_ip_header X-Client; listen 127.0.0.1:"},
                           {"nginx.conf", "client_max_body_size 65m", "client_max_body_size 3m"},
                           {"nginx.conf", "burst=400", "burst=3"}},
                 .thumbgated_flags = flags}) {}

    Response ask(Request request) {
        if (!request.headers.has("X-Client")) request.headers.add("X-Client", next_client());
        const Response response = stack.send(request);
        take_note(request, response);
        return response;
    }
    void take_note(const Request& request, const Response& response) {
        INFO(request.method << " " << request.url << " " << response);
        CHECK(response.status != 0);
        const Judgement judgement = ApiContract::of_repository().judge(request.method, request.url, response);
        for (const std::string& objection : judgement.objections) FAIL_CHECK(objection);
        seen.insert(judgement.answer);
    }
    Response get(const std::string& target, CookieJar* jar = nullptr, const Headers& headers = {}) {
        return ask({.url = target, .headers = headers, .jar = jar});
    }
    Response post(const std::string& target, const std::string& body, CookieJar* jar = nullptr,
                  const Headers& headers = {}) {
        return ask({.url = target, .method = "POST", .headers = headers, .body = body, .jar = jar});
    }
    Response remove(const std::string& target, CookieJar* jar = nullptr, const Headers& headers = {}) {
        return ask({.url = target, .method = "DELETE", .headers = headers, .jar = jar});
    }
    Response upload(const std::string& bytes, CookieJar* jar = nullptr, const Headers& headers = {}) {
        return post("/api/photos", bytes, jar, headers);
    }
    Response send_form(const std::vector<FormPart>& parts) {
        return ask({.url = "/api/photos", .method = "POST", .form = parts});
    }
    // The id of a photo or a link that was made.
    static std::string id_in(const Response& response) {
        INFO(response);
        REQUIRE((response.status == 201 || response.status == 200));
        return text_at(parse_json(response.body), "id");
    }
    std::string next_client() {
        ++clients;
        return "10.1." + std::to_string(clients / 250) + "." + std::to_string(clients % 250 + 1);
    }

    Stack stack;
    std::set<std::string> seen;
    int clients = 0;
};

// The body of a documented request.
inline std::string documented_body(const std::string& method, const std::string& path, const std::string& example) {
    const apidocs::ApiDocument& document = ApiContract::of_repository().document();
    for (const apidocs::Operation& operation : document.operations()) {
        if (operation.method != method || operation.path != path) continue;
        const json::value& media = operation.value->at("requestBody").at("content").at("application/json");
        return serialize(document.resolved(media.at("examples").at(example)).at("value"));
    }
    FAIL("no body is documented for " << method << " " << path);
    return {};
}

// A documented path with that id in the place of each of its own.
inline std::string with_ids(std::string path, const std::string& id) {
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
        path.replace(at, path.find('}') - at + 1, id);
    }
    return path;
}

}  // namespace thumbgate::test
