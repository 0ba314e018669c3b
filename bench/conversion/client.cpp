#include "bench/conversion/client.hpp"

#include <curl/curl.h>

#include "tests/support/failure.hpp"

namespace thumbgate::bench {

namespace {

constexpr long kTimeout = 60;  // seconds

std::size_t append(const char* data, std::size_t, std::size_t size, void* body) {
    static_cast<std::string*>(body)->append(data, size);
    return size;
}

}  // namespace

void HttpClient::Deleter::operator()(void* handle) const {
    curl_easy_cleanup(handle);
}

HttpClient::HttpClient(unsigned number) : handle_(curl_easy_init()) {
    if (!handle_) test::fail_fixture("libcurl does not start");
    const std::string address = "127.0.0." + std::to_string(number + 2);
    curl_easy_setopt(handle_.get(), CURLOPT_INTERFACE, address.c_str());
    curl_easy_setopt(handle_.get(), CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_.get(), CURLOPT_TIMEOUT, kTimeout);
    curl_easy_setopt(handle_.get(), CURLOPT_WRITEFUNCTION, append);
}

std::string HttpClient::get(const std::string& url) {
    std::string body;
    curl_easy_setopt(handle_.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_.get(), CURLOPT_WRITEDATA, &body);
    const CURLcode done = curl_easy_perform(handle_.get());
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (done == CURLE_OK && status == 200) return body;
    const std::string reason = done == CURLE_OK ? "status " + std::to_string(status) + ": " + body.substr(0, 400)
                                                : std::string(curl_easy_strerror(done));
    test::fail_fixture(url + ": " + reason);
}

}  // namespace thumbgate::bench
