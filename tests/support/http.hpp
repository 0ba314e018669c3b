// HTTP over libcurl, blocking. URLs go out as written (no folding of "/../", no re-encoding). Every function here may
// be called from several threads at once, except that one CookieJar belongs to one thread at a time. Nothing here fails
// a test: a transport error, also in the middle of a body, is a Response with status 0 and the reason in `error`.
#pragma once

#include <chrono>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/wait.hpp"

namespace thumbgate::test {

// Header fields in order of arrival; names compare without case.
class Headers {
  public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    bool has(std::string_view name) const;
    std::string get(std::string_view name) const;  // the first of that name, "" without one
    std::vector<std::string> all(std::string_view name) const;
    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }
    bool empty() const { return fields_.empty(); }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

// A browser's cookies: filled by Set-Cookie, sent by domain, path and expiry.
class CookieJar {
  public:
    bool empty() const { return lines_.empty(); }
    std::string value(std::string_view name) const;              // "" without one
    void set_value(std::string_view name, std::string_view to);  // changes a cookie that is there
    void clear() { lines_.clear(); }

  private:
    friend struct CookieSync;
    std::vector<std::string> lines_;  // Netscape format, as libcurl lists them
};

// A part of a multipart/form-data body: the file's content, or `content` if no file is named.
struct FormPart {
    std::string name;
    std::filesystem::path file = {};
    std::string content = {};
    std::string content_type = {};  // empty: by the file's ending
};

struct Request {
    std::string url;
    std::string method = "GET";
    Headers headers = {};  // "Name" with an empty value removes a header that libcurl would send by itself
    std::string body = {};
    std::vector<FormPart> form = {};
    std::filesystem::path unix_socket = {};  // connect here instead of to the URL's host
    CookieJar* jar = nullptr;
    milliseconds timeout = 20s;
    milliseconds connect_timeout = 5s;
    bool http2 = false;  // TLS certificates are never checked
};

struct Response {
    int status = 0;  // 0: no whole response, see `error`
    std::string version = {};
    Headers headers = {};
    std::string body = {};
    milliseconds elapsed = 0ms;
    std::string error = {};

    std::string header(std::string_view name) const { return headers.get(name); }
};

// What Catch prints for a response: status, header fields, the start of a text body.
std::ostream& operator<<(std::ostream& out, const Response& response);

Response fetch(const Request& request);
Response get(const std::string& url, const Headers& headers = {});
Response post(const std::string& url, const std::string& body, const Headers& headers = {});

// All at once, a thread each; responses in the order of the requests.
std::vector<Response> fetch_at_once(const std::vector<Request>& requests);

// A response as it came over the wire: head, then everything behind it as the body.
Response parse_response(std::string_view message);

}  // namespace thumbgate::test
