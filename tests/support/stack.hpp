// The whole chain as script/server runs it, in one data directory of its own: redis-server, thumbgated and nginx, each
// from the repository's own conf/, on a free port.
//
//     Stack stack;
//     CookieJar jar;
//     const Uploaded photo = stack.upload(photos::dune(), &jar);
//     REQUIRE(stack.get(photo.thumbnails.at(320), {{"Accept", kAcceptsAvif}}).header("X-Cache") == "MISS");
//
// Keys and secret are kKeyFile and kSecret, so that tests can sign with signed_url(). Each part's teardown has its say.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/json.hpp"
#include "tests/support/keys.hpp"
#include "tests/support/nginx.hpp"
#include "tests/support/photos.hpp"
#include "tests/support/redis.hpp"
#include "tests/support/thumbgated.hpp"

namespace thumbgate::test {

inline constexpr const char* kAcceptsAvif = "image/avif,image/webp,*/*";
inline constexpr const char* kAcceptsWebp = "image/webp,*/*";
inline constexpr const char* kAcceptsJpeg = "image/jpeg";

// A change to a copied file of conf/. A `from` that the file does not hold fails the test.
struct ConfEdit {
    std::string file;
    std::string from;
    std::string to;
};

struct StackOptions {
    std::vector<ConfEdit> edits = {};
    std::vector<std::string> thumbgated_flags = {};
    bool is_activated = false;  // thumbgated, as in ThumbgatedOptions
    bool has_fault_points = false;
};

// What POST /api/photos answered.
struct Uploaded {
    std::string id;
    int width = 0;
    int height = 0;
    std::string format;
    int64_t bytes = 0;
    std::map<int, std::string> thumbnails;  // width → URL
    Response response;
};
// From a member of GET /api/photos, or the answer to one upload.
Uploaded photo_in(const json::value& object);

// Answered without the backend: from the disk cache, or from memory.
bool is_from_cache(const Response& response);

class Stack {
  public:
    explicit Stack(const StackOptions& options = {});

    const std::filesystem::path& dir() const { return dir_.path(); }
    uint16_t port() const { return port_->number(); }
    // `target` is "/…", or a whole URL, which is left as it is.
    std::string url(const std::string& target = "/") const;

    Response get(const std::string& target, const Headers& headers = {}, CookieJar* jar = nullptr) const;
    Response send(Request request) const;  // request.url as in url()
    // Repeats a request until a cache answers: nginx stores an object after its response has left, and another worker
    // may be asked before. Fails the test when it does not come.
    Response get_cached(const std::string& target, const Headers& headers = {}) const;
    // Repeats a request until the answer is of that type: while an AVIF is made, another format stands in.
    Response get_as(const std::string& type, const std::string& target, const Headers& headers) const;

    // As a browser's form does; fails the test when it is not accepted.
    Uploaded upload(const Photo& photo, CookieJar* jar = nullptr) const;
    // The same, whatever comes of it.
    Response try_upload(const std::filesystem::path& file, CookieJar* jar = nullptr) const;
    // A signed target of that photo: options as "/w:320/f:webp".
    std::string thumbnail(const std::string& id, const std::string& options, const Key& key = kKey) const;

    Nginx& edge() { return *edge_; }
    Thumbgated& backend() { return *backend_; }
    std::filesystem::path backend_socket() const { return backend_->socket(); }
    Redis& redis() { return *redis_; }
    // SIGTERM; the edge's complaints that the backend's socket is gone are expected from here on.
    void drain_backend();

    // JSON lines, at least so many: a log line may be written just after its response.
    std::vector<json::value> access_log(size_t at_least = 0) const;
    std::vector<json::value> backend_log(size_t at_least = 0) const;
    // As metric() on the page of the one or the other; fails the test when there is no such page.
    double edge_metric(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
    double backend_metric(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
    size_t cached_objects() const;                    // files in nginx's disk cache
    std::vector<std::string> stored_files() const;    // files below photos/ that hold what was uploaded
    std::vector<std::string> stored_results() const;  // and those that were converted from it

  private:
    void write_data_dir(const StackOptions& options) const;

    TempDir dir_;
    std::shared_ptr<Port> port_;
    std::optional<Redis> redis_;
    std::optional<Thumbgated> backend_;
    std::optional<Nginx> edge_;  // the last to start is the first to go
};

}  // namespace thumbgate::test
