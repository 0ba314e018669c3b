#include "tests/support/stack.hpp"

#include <unistd.h>

#include "tests/support/api_contract.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/log_check.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/prometheus.hpp"
#include "tests/support/wait.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

constexpr auto kReadyDeadline = 30s;
constexpr auto kLogDeadline = 5s;

std::string edited(const std::string& file, std::string text, const std::vector<ConfEdit>& edits) {
    for (const ConfEdit& edit : edits) {
        if (edit.file != file) continue;
        if (!text.contains(edit.from)) FAIL("conf/" << file << " does not hold: " << edit.from);
        text = replace_all(text, edit.from, edit.to);
    }
    return text;
}

std::vector<json::value> log_lines(const fs::path& file, size_t at_least) {
    wait_until(kLogDeadline, [&] { return lines_of(read_if_there(file)).size() >= at_least; });
    const std::string text = read_if_there(file);
    return parse_json_lines(text.substr(0, text.rfind('\n') + 1));  // the last line may be half written
}

double metric_of(const Response& page, const std::string& name, const std::map<std::string, std::string>& labels) {
    if (page.status != 200) FAIL("no page of metrics: " << page);
    return metric(page.body, name, labels);
}

// What no test asks about is to be as documented as well. Links are tried with configurations that are not documented.
void judge(const Request& request, const Response& response) {
    if (request.url.contains("/t/")) return;
    const Judgement judgement = ApiContract::of_repository().judge(request.method, request.url, response);
    for (const std::string& objection : judgement.objections) fail_quietly("docs/openapi.yaml: " + objection);
}

}  // namespace

Uploaded photo_in(const json::value& object) {
    Uploaded photo{.id = text_at(object, "id"),
                   .width = static_cast<int>(number_at(object, "width")),
                   .height = static_cast<int>(number_at(object, "height")),
                   .format = text_at(object, "format"),
                   .bytes = number_at(object, "bytes"),
                   .thumbnails = {},
                   .response = {}};
    for (const auto& [width, url] : object.at("thumbnails").as_object()) {
        photo.thumbnails[std::stoi(std::string(width))] = url.as_string();
    }
    return photo;
}

Stack::Stack(const StackOptions& options) : port_(std::make_shared<Port>()) {
    write_data_dir(options);
    redis_.emplace(RedisOptions{.dir = dir(), .socket = dir() / "run/redis.sock", .conf_file = "conf/redis.conf"});
    backend_.emplace(ThumbgatedOptions{.dir = dir(),
                                       .config = "conf/thumbgated.toml",
                                       .public_url = url(""),
                                       .flags = options.thumbgated_flags,
                                       .is_activated = options.is_activated,
                                       .has_fault_points = options.has_fault_points});
    const std::string user = geteuid() == 0 ? " user root root;" : "";  // else workers would be nobody
    edge_.emplace(dir(), "conf/nginx.conf", port_, 1, "daemon off;" + user);
    if (!wait_until(kReadyDeadline, [this] { return get("/readyz").status == 200; })) {
        FAIL("the stack is not ready: " << get("/readyz") << tail(backend_->log()));
    }
    // An edge that follows the feed for the first time begins its cache anew.
    if (!wait_until(kReadyDeadline, [this] { return edge_metric("thumbgate_edge_feed_connected") == 1; })) {
        FAIL("the edge does not follow the feed:\n" << tail(edge_->error_log()));
    }
}

void Stack::write_data_dir(const StackOptions& options) const {
    for (const char* name : {"run", "log", "photos", "cache", "redis", "tmp", "conf"})
        fs::create_directories(dir() / name);
    write_file(dir() / "keys", kKeyFile, 0600);
    write_file(dir() / "secret", kSecret, 0600);
    fs::create_directory_symlink(module_path().parent_path(), dir() / "modules");
    fs::create_directory_symlink(apidocs_dir(), dir() / "apidocs");
    const std::string address = "127.0.0.1:" + std::to_string(port());
    for (const auto& entry : fs::directory_iterator(repository() / "conf")) {
        if (!entry.is_regular_file()) continue;
        const std::string file = entry.path().filename();
        const std::string text = replace_all(read_file(entry.path()), "127.0.0.1:8080", address);
        write_file(dir() / "conf" / file, edited(file, text, options.edits));
    }
}

std::string Stack::url(const std::string& target) const {
    return target.contains("://") && !target.starts_with('/') ? target
                                                              : "http://127.0.0.1:" + std::to_string(port()) + target;
}

Response Stack::get(const std::string& target, const Headers& headers, CookieJar* jar) const {
    return send({.url = target, .headers = headers, .jar = jar});
}

bool is_from_cache(const Response& response) {
    const std::string status = response.header("x-cache");
    return status == "HIT" || status == "HOT";
}

Response Stack::get_cached(const std::string& target, const Headers& headers) const {
    Response response;
    const bool cached = wait_until(20s, [&] {
        response = get(target, headers);
        return is_from_cache(response);
    });
    if (!cached) FAIL("no cache answers " << target << ": " << response);
    return response;
}

Response Stack::get_as(const std::string& type, const std::string& target, const Headers& headers) const {
    Response response;
    const bool is_it = wait_until(
        30s,
        [&] {
            response = get(target, headers);
            return response.header("content-type") == type;
        },
        50ms);
    if (!is_it) FAIL(target << " is no " << type << ": " << response);
    return response;
}

Response Stack::send(Request request) const {
    request.url = url(request.url);
    Response response = fetch(request);
    if (response.status != 0) judge(request, response);
    return response;
}

Uploaded Stack::upload(const Photo& photo, CookieJar* jar) const {
    const Response response = try_upload(photo.path, jar);
    if (response.status != 201) FAIL("the upload of " << photo.path.string() << " was answered by " << response);
    Uploaded uploaded = photo_in(parse_json(response.body));
    uploaded.response = response;
    return uploaded;
}

Response Stack::try_upload(const fs::path& file, CookieJar* jar) const {
    return send({.url = "/api/photos", .method = "POST", .form = {{.name = "photo", .file = file}}, .jar = jar});
}

std::string Stack::thumbnail(const std::string& id, const std::string& options, const Key& key) const {
    return signed_url(options + "/plain/photo://" + id, key);
}

void Stack::drain_backend() {
    edge_->expect_log("connect() to unix:");
    backend_->drain();
}

std::vector<json::value> Stack::access_log(size_t at_least) const {
    return log_lines(dir() / "log/access.log", at_least);
}

std::vector<json::value> Stack::backend_log(size_t at_least) const {
    return log_lines(dir() / "log/thumbgated.log", at_least);
}

double Stack::edge_metric(const std::string& name, const std::map<std::string, std::string>& labels) const {
    return metric_of(get("/metrics"), name, labels);
}

double Stack::backend_metric(const std::string& name, const std::map<std::string, std::string>& labels) const {
    return metric_of(get("/metrics/backend"), name, labels);
}

size_t Stack::cached_objects() const {
    return files_below(dir() / "cache").size();
}

std::vector<std::string> Stack::stored_files() const {
    std::vector<std::string> files = files_below(dir() / "photos");
    std::erase_if(files, [](const std::string& file) {
        return file.starts_with("results/") || file.starts_with("owner_records/") || file.starts_with("upload_marks/");
    });
    return files;
}

std::vector<std::string> Stack::stored_results() const {
    std::vector<std::string> files = files_below(dir() / "photos");
    std::erase_if(files, [](const std::string& file) { return !file.starts_with("results/"); });
    return files;
}

}  // namespace thumbgate::test
