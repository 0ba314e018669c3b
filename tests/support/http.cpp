#include "tests/support/http.hpp"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <ostream>
#include <thread>

namespace thumbgate::test {

namespace {

constexpr size_t kBodyShown = 500;  // bytes of a body in a failed assertion's message

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

struct Deleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    void operator()(curl_mime* mime) const { curl_mime_free(mime); }
};
using Handle = std::unique_ptr<CURL, Deleter>;
using List = std::unique_ptr<curl_slist, Deleter>;
using Mime = std::unique_ptr<curl_mime, Deleter>;

void append(List& list, const std::string& text) {
    list.reset(curl_slist_append(list.release(), text.c_str()));
}

// One header line, or the empty one that ends a head. A new status line (after 100 Continue) starts over.
void take_head_line(Response& response, std::string_view line) {
    line = trimmed(line);
    if (line.starts_with("HTTP/")) {
        const size_t blank = std::min(line.find(' '), line.size());
        response.version = line.substr(5, blank - 5);
        response.headers = {};
        const std::string_view rest = trimmed(line.substr(blank));
        std::from_chars(rest.data(), rest.data() + rest.size(), response.status);
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
        response.headers.add(std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
    }
}

size_t on_header(char* data, size_t, size_t size, void* response) {
    take_head_line(*static_cast<Response*>(response), {data, size});
    return size;
}

size_t on_body(char* data, size_t, size_t size, void* response) {
    static_cast<Response*>(response)->body.append(data, size);
    return size;
}

List header_list(const Request& request) {
    List list;
    append(list, "Expect:");  // no "100 Continue" round trip, and no second of waiting for one
    for (const auto& [name, value] : request.headers) append(list, value.empty() ? name + ":" : name + ": " + value);
    return list;
}

Mime form_of(CURL* handle, const Request& request) {
    Mime mime(request.form.empty() ? nullptr : curl_mime_init(handle));
    for (const FormPart& part : request.form) {
        curl_mimepart* added = curl_mime_addpart(mime.get());
        curl_mime_name(added, part.name.c_str());
        if (part.file.empty())
            curl_mime_data(added, part.content.data(), part.content.size());
        else
            curl_mime_filedata(added, part.file.c_str());
        if (!part.content_type.empty()) curl_mime_type(added, part.content_type.c_str());
    }
    return mime;
}

void set_body(CURL* handle, const Request& request, const Mime& form) {
    if (form) {
        curl_easy_setopt(handle, CURLOPT_MIMEPOST, form.get());
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (request.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_connection(CURL* handle, const Request& request) {
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    const long version = request.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, version);
    if (!request.unix_socket.empty()) curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
}

// The seven fields of a cookie in Netscape format; the name is the sixth, the value the last.
size_t value_start(const std::string& line, std::string_view name) {
    const size_t before_value = line.rfind('\t');
    if (before_value == std::string::npos || before_value == 0) return std::string::npos;
    const size_t before_name = line.rfind('\t', before_value - 1);
    const bool found = line.substr(before_name + 1, before_value - before_name - 1) == name;
    return found ? before_value + 1 : std::string::npos;
}

}  // namespace

struct CookieSync {
    static void load(CURL* handle, const CookieJar& jar) {
        curl_easy_setopt(handle, CURLOPT_COOKIEFILE, "");  // switches the cookie engine on, reads nothing
        for (const auto& line : jar.lines_) curl_easy_setopt(handle, CURLOPT_COOKIELIST, line.c_str());
    }
    static void store(CURL* handle, CookieJar& jar) {
        curl_slist* raw = nullptr;
        if (curl_easy_getinfo(handle, CURLINFO_COOKIELIST, &raw) != CURLE_OK) return;
        List list(raw);
        jar.lines_.clear();
        for (const curl_slist* item = raw; item; item = item->next) jar.lines_.emplace_back(item->data);
    }
};

bool Headers::has(std::string_view name) const {
    return !all(name).empty();
}

std::string Headers::get(std::string_view name) const {
    const auto values = all(name);
    return values.empty() ? std::string() : values.front();
}

std::vector<std::string> Headers::all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [field, value] : fields_) {
        if (same_name(field, name)) values.push_back(value);
    }
    return values;
}

std::string CookieJar::value(std::string_view name) const {
    for (const auto& line : lines_) {
        if (const size_t at = value_start(line, name); at != std::string::npos) return line.substr(at);
    }
    return {};
}

void CookieJar::set_value(std::string_view name, std::string_view to) {
    for (auto& line : lines_) {
        if (const size_t at = value_start(line, name); at != std::string::npos) line.replace(at, line.npos, to);
    }
}

Response fetch(const Request& request) {
    static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
    Handle handle(curl_easy_init());
    if (once != CURLE_OK || !handle) return {.error = "libcurl did not start"};
    Response response;
    char reason[CURL_ERROR_SIZE] = "";
    const List headers = header_list(request);
    const Mime form = form_of(handle.get(), request);
    set_connection(handle.get(), request);
    set_body(handle.get(), request, form);
    if (request.jar) CookieSync::load(handle.get(), *request.jar);
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &response);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &response);
    const auto started = std::chrono::steady_clock::now();
    const CURLcode result = curl_easy_perform(handle.get());
    response.elapsed = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - started);
    if (result != CURLE_OK) {
        response.error = *reason ? reason : curl_easy_strerror(result);
        if (response.status) response.error += ", after status " + std::to_string(std::exchange(response.status, 0));
    }
    if (request.jar) CookieSync::store(handle.get(), *request.jar);
    return response;
}

Response get(const std::string& url, const Headers& headers) {
    return fetch({.url = url, .headers = headers});
}

Response post(const std::string& url, const std::string& body, const Headers& headers) {
    return fetch({.url = url, .method = "POST", .headers = headers, .body = body});
}

std::vector<Response> fetch_at_once(const std::vector<Request>& requests) {
    std::vector<Response> responses(requests.size());
    std::vector<std::jthread> threads;
    threads.reserve(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
        threads.emplace_back([&responses, &requests, i] { responses[i] = fetch(requests[i]); });
    }
    threads.clear();  // joins
    return responses;
}

Response parse_response(std::string_view message) {
    Response response;
    while (!message.empty()) {
        const size_t end = std::min(message.find('\n'), message.size() - 1) + 1;
        const std::string_view line = message.substr(0, end);
        message.remove_prefix(end);
        if (trimmed(line).empty()) break;
        take_head_line(response, line);
    }
    response.body = message;
    return response;
}

std::ostream& operator<<(std::ostream& out, const Response& response) {
    out << response.status << " after " << response.elapsed.count() << " ms";
    if (!response.error.empty()) out << " (" << response.error << ')';
    for (const auto& [name, value] : response.headers) out << '\n' << name << ": " << value;
    const bool binary = response.body.find('\0') != std::string::npos;
    if (binary) return out << "\n[" << response.body.size() << " bytes]\n";
    return out << "\n\n" << response.body.substr(0, kBodyShown) << '\n';
}

}  // namespace thumbgate::test
