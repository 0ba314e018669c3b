// docs/openapi.yaml against the routes of the running service, both ways.
#include <algorithm>
#include <regex>
#include <set>

#include "tests/support/api_contract.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/service_request.hpp"
#include "tests/support/stack.hpp"

using namespace thumbgate::test;
using thumbgate::apidocs::Operation;

namespace {

// Locations of a configuration: exact ones with "= " before them.
std::set<std::string> locations_of(const std::vector<std::string>& files) {
    const std::regex expression(R"(location (= )?(/\S*) \{)");
    std::set<std::string> found;
    for (const std::string& file : files) {
        const std::string text = read_file(repository() / "conf" / file);
        for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
            found.insert((*it)[1].str() + (*it)[2].str());
        }
    }
    return found;
}

bool is_reachable(const std::string& path, const std::set<std::string>& locations) {
    if (locations.contains("= " + path)) return true;
    return std::ranges::any_of(locations, [&](const std::string& location) {
        return location != "/" && !location.starts_with('=') && path.starts_with(location);
    });
}

// What the page needs is no API.
bool is_of_page(const std::string& location) {
    return location == "= /qrcode.js";
}

}  // namespace

TEST_CASE("every route that the edge hands on, and what it answers itself, is in docs/openapi.yaml, and nothing else") {
    Stack stack;
    const Response table = stack.backend().send(from_edge({.url = "/routes"}));
    REQUIRE(table.status == 200);
    const auto locations = locations_of({"nginx.conf", "page.conf", "operations.conf"});
    std::set<std::string> there;
    std::set<std::string> paths;
    const json::array routes = parse_json(table.body).at("routes").as_array();
    for (const json::value& route : routes) {
        const bool is_thumbnail = text_at(route, "kind") == "thumbnail";
        const std::string path = is_thumbnail ? "/t/{signature}/{link}" : text_at(route, "pattern");
        if (!is_reachable(path, locations)) continue;
        there.insert(text_at(route, "method") + " " + path);
        paths.insert("= " + path);
    }
    REQUIRE(there.size() > 10);
    for (const std::string& location : locations) {
        const bool is_own = location.starts_with("= ") && !paths.contains(location) && !is_of_page(location);
        if (is_own) there.insert("GET " + location.substr(2));
    }
    std::set<std::string> documented;
    for (const Operation& operation : ApiContract::of_repository().document().operations()) {
        documented.insert(operation.method + " " + operation.path);
    }
    CHECK(documented == there);
    CHECK(stack.get("/routes").status == 404);
}
