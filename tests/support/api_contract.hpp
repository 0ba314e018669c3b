// docs/openapi.yaml as a judge of answers: whether the service, through the edge, says what is written there and
// nothing else. Immutable; thread-safe.
//
//     const auto judgement = ApiContract::of_repository().judge("GET", "/api/photos", response);
//     CHECK(judgement.objections.empty());
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apidocs/document.hpp"
#include "tests/support/http.hpp"

namespace thumbgate::test {

struct Judgement {
    // Which of answers() it is; empty where it is none, as for a path that is not documented.
    std::string answer;
    std::vector<std::string> objections;
};

class ApiContract {
  public:
    explicit ApiContract(apidocs::ApiDocument document) : document_(std::move(document)) {}
    // Fails the test when it cannot be read.
    static const ApiContract& of_repository();

    // `target` as it was asked for, with its query, or a whole URL.
    Judgement judge(std::string_view method, std::string_view target, const Response& response) const;

    // Every documented answer: "POST /api/photos 400 digest_mismatch" where it is a problem below 500, "GET /t/… 200
    // image/*" where there is more than one type, else "GET /api/photos 200". Without those of "default".
    std::set<std::string> answers() const;

    const apidocs::ApiDocument& document() const { return document_; }

  private:
    apidocs::ApiDocument document_;
};

}  // namespace thumbgate::test
