#include "bench/edges.hpp"

#include <chrono>

#include "bench/objects.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/files.hpp"
#include "tests/support/keys.hpp"
#include "tests/support/process.hpp"
#include "tests/support/prometheus.hpp"

namespace thumbgate::bench {

using namespace thumbgate::test;

namespace {

constexpr auto kWarmUpDeadline = 30s;
constexpr std::size_t kReturnParts = 4;  // nginx takes no string of 4096 bytes or more in its configuration

constexpr const char* kOrigin = R"(
    root .;
    default_type image/jpeg;
    location ~ (?<name>(small|large)\d+)$ { try_files /$name =404; })";

constexpr const char* kPinned = "worker_cpu_affinity @cpu@;\nworker_rlimit_nofile 8192;\n";

// What both sides share: nginx as it is tuned for small files.
constexpr const char* kTuning = R"(
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=10000 inactive=10m;
    open_file_cache_valid 10m;
    open_file_cache_min_uses 1;
    ssl_certificate @dir@/tls/certificate.pem;
    ssl_certificate_key @dir@/tls/key.pem;
    proxy_cache_path cache levels=1:2 keys_zone=thumbs:16m max_size=2g inactive=1d use_temp_path=off;
)";

constexpr const char* kOurHttp = R"(
    thumb_keys keys;
    thumb_limit_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
    thumb_hot_zone small:64m;
    thumb_hot_zone large:192m max_object=64k;
)";

constexpr const char* kOurServer = R"(
    access_log off;
    thumb_formats avif webp;
    thumb_limit zone=clients burst=1000000;
    proxy_cache thumbs;
    proxy_cache_key $thumb_cache_key;
    proxy_cache_valid 200 1d;
    location /t/ {
        thumb_signature on;
        thumb_hot small;
        proxy_pass http://origin$thumb_backend_uri;
    }
    location /in-memory/ {
        thumb_signature on;
        thumb_hot large;
        proxy_pass http://origin$thumb_backend_uri;
    }
    location = /metrics {
        thumb_metrics;
    }
)";

constexpr const char* kStockHttp = R"(
    limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
)";

constexpr const char* kStockServer = R"(
    access_log off;
    location /t/ {
        limit_req zone=clients burst=100000 nodelay;
        secure_link $arg_md5,$arg_expires;
        secure_link_md5 "$secure_link_expires$uri @secret@";
        if ($secure_link = "") {
            return 403;
        }
        if ($secure_link = "0") {
            return 410;
        }
        proxy_cache thumbs;
        proxy_cache_key $uri;
        proxy_cache_valid 200 1d;
        proxy_pass http://origin;
    }
)";

std::string return_location(std::string_view body) {
    const std::size_t part = body.size() / kReturnParts;
    std::string sets, names;
    for (std::size_t i = 0; i < kReturnParts; ++i) {
        const std::string name = "$part" + std::to_string(i);
        sets += "set " + name + " \"" + std::string(body.substr(i * part, part)) + "\";\n";
        names += name;
    }
    return "location = /return {\ndefault_type image/jpeg;\n" + sets + "return 200 \"" + names + "\";\n}\n";
}

// The server once more, with TLS.
std::string tls_server(const Port& port, const std::string& body) {
    return "server {\nlisten 127.0.0.1:" + std::to_string(port.number()) + " ssl http2;\n" + body + "}\n";
}

NginxConf with_tls(const Origin& origin, const Port& tls, const std::string& http, const std::string& server) {
    return {.main = replace_all(kPinned, "@cpu@", std::to_string(1 << kWorkerCpu)),
            .http = kTuning + origin.upstream("origin") + http + tls_server(tls, server),
            .server = server,
            .graceful = false};
}

// In `dir`, for both sides.
void make_certificate(const std::filesystem::path& dir) {
    const RunResult made = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", (dir / "key.pem").string(),
                                "-out", (dir / "certificate.pem").string()});
    if (!made.ok()) fail_fixture("openssl made no certificate: " + made.err);
}

std::unique_ptr<Nginx> start(NginxConf conf, const std::filesystem::path& certificate) {
    conf.files["tls/key.pem"] = read_file(certificate / "key.pem");
    conf.files["tls/certificate.pem"] = read_file(certificate / "certificate.pem");
    return std::make_unique<Nginx>(conf);
}

}  // namespace

Edges::Edges() : origin_(kOrigin, object_files()) {
    make_certificate(dir_.path());
    NginxConf ours = with_tls(origin_, ours_tls_, kOurHttp, kOurServer);
    ours.files["keys"] = kKeyFile;
    ours_ = start(std::move(ours), dir_.path());
    const std::string server = replace_all(kStockServer, "@secret@", kStockSecret);
    const std::string one_body = object_files().rbegin()->second;
    NginxConf stock = with_tls(origin_, stock_tls_, kStockHttp, server + return_location(one_body));
    stock.module = false;
    stock_ = start(std::move(stock), dir_.path());
    write_file(dir_ / "ours-12k", our_links(k12k, "/t/"));
    write_file(dir_ / "ours-40k", our_links(k40k, "/t/"));
    write_file(dir_ / "ours-40k-in-memory", our_links(k40k, "/in-memory/"));
    write_file(dir_ / "stock-12k", stock_links(k12k));
    write_file(dir_ / "stock-40k", stock_links(k40k));
    write_file(dir_ / "return-12k", "/return\n");
}

Target Edges::target(const Subject& subject, Wire wire) const {
    const uint16_t tls = (subject.side == Side::ours ? ours_tls_ : stock_tls_).number();
    const std::string base = wire == Wire::http ? "http://127.0.0.1:" + std::to_string(edge(subject).port())
                                                : "https://127.0.0.1:" + std::to_string(tls);
    return {base, dir_ / subject.paths, wire == Wire::http2 ? Client::h2load : Client::wrk};
}

Edges::Counts Edges::counts(const Subject& subject) const {
    Counts counts{.fetched = origin_.requests().size()};
    if (subject.side == Side::stock) return counts;
    const std::string page = ours_->get("/metrics").body;
    constexpr std::string_view name = "thumbgate_edge_requests_total";
    counts.right = metric(page, name, {{"cache", subject.tier}, {"status_class", "2xx"}});
    counts.all = metric(page, name) - metric(page, name, {{"verdict", "none"}});
    return counts;
}

LoadResult Edges::put_checked_load(const Target& target, const Subject& subject, std::chrono::seconds duration) const {
    const Counts before = counts(subject);
    const LoadResult result = put_load(target, duration);
    const Counts after = counts(subject);
    if (after.fetched != before.fetched || after.right - before.right < after.all - before.all) {
        fail_fixture("not every answer for " + subject.paths + " came from its cache");
    }
    return result;
}

void Edges::warm(const Subject& subject) const {
    const Target target = this->target(subject, Wire::http);
    const auto deadline = std::chrono::steady_clock::now() + kWarmUpDeadline;
    for (;;) {
        try {
            put_checked_load(target, subject, 1s);
            return;
        } catch (const FixtureFailure&) {
            if (std::chrono::steady_clock::now() > deadline) throw;
        }
    }
}

Measured Edges::measure(const Subject& subject, Wire wire, std::chrono::seconds duration) const {
    const pid_t pid = worker(subject);
    const double before = cpu_us(pid);
    const LoadResult result = put_checked_load(target(subject, wire), subject, duration);
    const double used = cpu_us(pid) - before;
    return {result.per_second(), used / static_cast<double>(result.requests), result.requests};
}

pid_t Edges::worker(const Subject& subject) const {
    return edge(subject).worker_pids().at(0);
}

}  // namespace thumbgate::bench
