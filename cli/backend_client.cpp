#include "cli/backend_client.hpp"

#include <curl/curl.h>

#include <array>
#include <boost/json.hpp>
#include <memory>

#include "cli/commands.hpp"
#include "contract/encoding.hpp"
#include "contract/service_auth.hpp"

namespace thumbgate::cli {
namespace {

constexpr long kTimeoutMs = 30'000;
constexpr std::size_t kMaxAnswer = 16 << 20;  // bytes
constexpr std::string_view kUnixPrefix = "unix:";

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// Empty: it is HOST:PORT.
std::string socket_path(std::string_view address) {
    if (address.starts_with(kUnixPrefix)) return std::string(address.substr(kUnixPrefix.size()));
    return std::string(address.contains('/') ? address : std::string_view());
}

std::string auth_header(const HmacKey& key, const std::string& method, const std::string& target) {
    std::array<std::uint8_t, 16> id{};
    fill_random(id);
    const ServiceIdentity identity{.time = unix_now(), .client = "cli", .session = {}, .request_id = hex_encode(id)};
    return std::string(kServiceAuthHeader) + ": " + sign_service_request(key, method, target, identity);
}

std::size_t append(const char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& body = *static_cast<std::string*>(to);
    if (body.size() + size * count > kMaxAnswer) return 0;
    body.append(bytes, size * count);
    return size * count;
}

}  // namespace

std::expected<BackendClient::Answer, std::string> BackendClient::send(const std::string& method,
                                                                      const std::string& target) const {
    const Handle curl(curl_easy_init(), curl_easy_cleanup);
    const HeaderList headers(curl_slist_append(nullptr, auth_header(secret_.service, method, target).c_str()),
                             curl_slist_free_all);
    if (!curl || !headers) return std::unexpected("out of memory");
    const std::string path = socket_path(address_);
    const std::string url = "http://" + (path.empty() ? address_ : std::string("thumbgated")) + target;
    Answer answer;
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    if (!path.empty()) curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, path.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
    if (const CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK) {
        return std::unexpected("thumbgated at " + address_ + ": " + curl_easy_strerror(code));
    }
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

std::string BackendClient::describe(const Answer& answer) const {
    std::string said = "thumbgated at " + address_ + ": " + std::to_string(answer.status);
    boost::system::error_code error;
    const boost::json::value problem = boost::json::parse(answer.body, error);
    if (answer.status == 403) return said + ": it has another --secret";
    if (error || !problem.is_object()) return said;
    const boost::json::value* detail = problem.get_object().if_contains("detail");
    if (detail == nullptr || !detail->is_string()) return said;
    return said + ": " + std::string(detail->get_string());
}

}  // namespace thumbgate::cli
