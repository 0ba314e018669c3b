// What thumbgated is told, and by whom: flags before the environment before the file.
#include "backend/config.hpp"

#include <cstdlib>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

class Environment {
  public:
    Environment(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { ::unsetenv(name_); }

  private:
    const char* name_;
};

std::expected<Config, EarlyExit> read(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "thumbgated");
    return read_config(static_cast<int>(arguments.size()), arguments.data());
}

std::expected<Config, EarlyExit> with_places(std::vector<const char*> arguments = {}) {
    const std::vector<const char*> places{"--listen", "./s",      "--keys", "keys",    "--secret",
                                          "secret",   "--photos", "photos", "--redis", "./redis.sock"};
    arguments.insert(arguments.begin(), places.begin(), places.end());
    return read(arguments);
}

std::string error(const std::expected<Config, EarlyExit>& config) {
    if (config) return "";
    CHECK(config.error().status == 2);
    return config.error().text;
}

}  // namespace

TEST_CASE("five places are enough, the rest has defaults") {
    const auto config = with_places();
    REQUIRE(config);
    CHECK(std::get<UnixAddress>(config->listen).path == "./s");
    CHECK(config->uploads.one.max_bytes == 64 << 20);
    CHECK(config->uploads.one.max_form_bytes == 256 << 10);
    CHECK(config->uploads.one.max_svg_bytes == 4 << 20);
    CHECK(config->pool.svg_converters == 1);
    CHECK(config->server.max_header_bytes == 16 << 10);
    CHECK(config->quota.owner_photos == 10'000);
    CHECK(config->quota.owner_bytes == 10ULL << 30);
    CHECK(config->quota.address_photos == 5000);
    CHECK(config->quota.address_bytes == 5ULL << 30);
    CHECK(config->pool.max_animation_pixels == 5'000'000);
    CHECK(config->pool.max_side == 65'535);
    CHECK(config->pool.max_frames == 1000);
    CHECK(config->pool.max_scans == 100);
    CHECK(config->pool.max_metadata_bytes == 4 << 20);
    CHECK(config->urls.lifetime == std::chrono::hours(24));
    CHECK_FALSE(config->urls.has_ladder);
    CHECK(config->undo == std::chrono::minutes(10));
    CHECK(with_places({"--undo", "0"})->undo.count() == 0);
    CHECK(config->retention.count() == 0);
    CHECK(with_places({"--retention", "90d"})->retention == std::chrono::hours(24 * 90));
    CHECK_THAT(error(with_places({"--retention", "never"})), contains("--retention"));
    CHECK(config->originals.max_at_once == 64);
    CHECK(with_places({"--max-originals", "8"})->originals.max_at_once == 8);
    CHECK_THAT(error(with_places({"--max-originals", "0"})), contains("--max-originals"));
    CHECK(config->urls.base_sizes == std::vector<std::uint32_t>{160, 320, 640, 960, 1280});
    CHECK(config->sessions.secure_cookie);
    CHECK(config->redis.deadline == std::chrono::milliseconds(500));
    CHECK(config->drain.timeout == std::chrono::seconds(20));
    CHECK(config->drain.lame_duck == std::chrono::seconds(6));
    CHECK(config->storage.timeout == std::chrono::seconds(10));
    CHECK(config->pool.slow_converters >= 1);
    CHECK(config->pool.overload_wait == std::chrono::seconds(1));
    CHECK(config->pool.converter_retire_memory == 512 << 20);
    CHECK(config->request_timeout == std::chrono::seconds(10));
    CHECK(config->pool.program.filename() == "thumbgate-converter");
    CHECK(config->pool.converter_memory == 2ULL << 30);
    CHECK(config->results.folder == "photos/results");
    CHECK(config->results.max_size == 10ULL << 30);
    CHECK(config->results.max_age == std::chrono::days(90));
    CHECK(config->disk.results_min_free == 2ULL << 30);
    CHECK(config->disk.uploads_min_free == 512ULL << 20);
    CHECK(config->interim_max_age == std::chrono::seconds(2));
    CHECK(config->fallback.picture.empty());
    CHECK(config->fallback.status == 200);
    CHECK(config->fallback.max_age == std::chrono::seconds(10));
    CHECK(config->watermark.picture.empty());
    CHECK(config->watermark.opacity == 1000);
}

TEST_CASE("a converter's memory is bounded by what is written, and by no less than it needs to start") {
    const auto config = with_places({"--converter-memory", "3GiB"});
    REQUIRE(config);
    CHECK(config->pool.converter_memory == 3ULL << 30);
    CHECK_THAT(error(with_places({"--converter-memory", "255MiB"})), contains("--converter-memory: \"255MiB\""));
}

TEST_CASE("results have their own folder and bounds, and 0 turns a bound of the disk off") {
    const auto config =
        with_places({"--results", "elsewhere", "--results-max-size", "1GiB", "--results-max-age", "7d",
                     "--results-min-free", "0", "--uploads-min-free", "0", "--interim-max-age", "5s",
                     "--fallback-image", "oops.png", "--fallback-status", "404", "--fallback-max-age", "1m"});
    REQUIRE(config);
    CHECK(config->results.folder == "elsewhere");
    CHECK(config->results.max_size == 1ULL << 30);
    CHECK(config->results.max_age == std::chrono::days(7));
    CHECK(config->disk.results_min_free == 0);
    CHECK(config->disk.uploads_min_free == 0);
    CHECK(config->interim_max_age == std::chrono::seconds(5));
    CHECK(config->fallback.picture == "oops.png");
    CHECK(config->fallback.status == 404);
    CHECK(config->fallback.max_age == std::chrono::minutes(1));
    CHECK(with_places({"--results-max-size", "0"})->results.max_size == 0);
    CHECK_THAT(error(with_places({"--results-max-size", "much"})), contains("--results-max-size"));
    CHECK_THAT(error(with_places({"--interim-max-age", "2h"})), contains("at most"));
    CHECK_THAT(error(with_places({"--fallback-status", "100"})), contains("200 to 599"));
}

TEST_CASE("a watermark has a file and an opacity, which is not none") {
    const auto config = with_places({"--watermark", "mark.png", "--watermark-opacity", "0.35"});
    REQUIRE(config);
    CHECK(config->watermark.picture == "mark.png");
    CHECK(config->watermark.opacity == 350);
    for (const char* bad : {"0", "0.0001", "1.01", "-0.5", "much"}) {
        CHECK_THAT(error(with_places({"--watermark-opacity", bad})), contains("above 0, up to 1"));
    }
}

TEST_CASE("a place that is missing is named, with what to do") {
    CHECK_THAT(error(read({})), contains("--listen is missing; "));
    CHECK_THAT(error(read({"--listen", "./s"})), contains("thumbgate key new"));
}

TEST_CASE("a file says the same as flags do") {
    const TempDir dir;
    write_file(dir / "c.toml",
               "# a comment\nlisten = \"127.0.0.1:8000\"\nkeys = \"k\"\nsecret = 's'\nphotos = \"p\"\n"
               "redis = \"./r\"\ncookie-secure = false\nbase-sizes = [10, 20]\nqueue = 7\nurl-lifetime = \"2h\"\n");
    const std::string file = (dir / "c.toml").string();
    const auto config = read({"--config", file.c_str()});
    REQUIRE(config);
    CHECK(std::get<TcpAddress>(config->listen).port == 8000);
    CHECK_FALSE(config->sessions.secure_cookie);
    CHECK(config->urls.base_sizes == std::vector<std::uint32_t>{10, 20});
    CHECK(config->pool.max_queue == 7);
    CHECK(config->urls.lifetime == std::chrono::hours(2));
}

TEST_CASE("a flag counts before the environment, and that before the file") {
    const TempDir dir;
    write_file(dir / "c.toml", "queue = 1\njob-timeout = \"1s\"\nconverters = 1\nbase-sizes = [1]\n");
    const std::string file = (dir / "c.toml").string();
    const Environment config_file("THUMBGATE_CONFIG", file.c_str());
    const Environment queue("THUMBGATE_QUEUE", "2");
    const Environment job_timeout("THUMBGATE_JOB_TIMEOUT", "2s");
    const Environment base_sizes("THUMBGATE_BASE_SIZES", "2,22");
    const auto config = with_places({"--queue", "3"});
    REQUIRE(config);
    CHECK(config->pool.max_queue == 3);
    CHECK(config->pool.job_timeout == std::chrono::seconds(2));
    CHECK(config->pool.converters == 1);
    CHECK(config->urls.base_sizes == std::vector<std::uint32_t>{2, 22});
}

TEST_CASE("a bad value is quoted, with the flag and what to write instead") {
    CHECK_THAT(error(with_places({"--queue", "0"})),
               contains("--queue: \"0\" is not understood; write a whole number"));
    CHECK_THAT(error(with_places({"--slow-converters", "0"})), contains("--slow-converters: \"0\""));
    CHECK(with_places({"--svg-converters", "0"})->pool.svg_converters == 0);
    CHECK_THAT(error(with_places({"--overload-wait", "1"})), !contains("overload"));
    CHECK_THAT(error(with_places({"--overload-wait", "1ms"})), contains("at least 10ms"));
    CHECK_THAT(error(with_places({"--request-timeout", "soon"})), contains("--request-timeout: \"soon\""));
    CHECK_THAT(error(with_places({"--converter-retire-memory", "much"})), contains("\"much\""));
    CHECK_THAT(error(with_places({"--max-upload-bytes", "64MB"})), contains("\"64MB\""));
    CHECK_THAT(error(with_places({"--max-frames", "0"})), contains("--max-frames: \"0\""));
    CHECK_THAT(error(with_places({"--max-header-bytes", "2MiB"})), contains("from 4KiB to 1MiB"));
    CHECK_THAT(error(with_places({"--url-lifetime", "1y"})), contains("\"1y\""));
    CHECK_THAT(error(with_places({"--signature-size", "7"})), contains("from 8 to 32"));
    CHECK_THAT(error(with_places({"--redis-timeout", "1s"})), contains("at most 900ms"));
    CHECK_THAT(error(with_places({"--cookie-secure", "no"})), contains("write true or false"));
    CHECK_THAT(error(with_places({"--public-url", "photos.example"})), contains("https://photos.example"));
    CHECK_THAT(error(with_places({"--base-sizes", "160,x"})), contains("\"x\""));
    CHECK_THAT(error(with_places({"--storage-timeout", "99ms"})), contains("at least 100ms"));
    CHECK_THAT(error(with_places({"--storage-queue", "0"})), contains("\"0\""));
    CHECK_THAT(error(with_places({"--redis", "localhost"})), contains("\"localhost\""));
    CHECK_THAT(error(with_places({"--nonsense", "1"})), contains("--nonsense"));
}

TEST_CASE("a key of the file that is not known is an error that names it, and so is a file that is not there") {
    const TempDir dir;
    write_file(dir / "c.toml", "lisen = \"./s\"\n");
    const std::string file = (dir / "c.toml").string();
    CHECK_THAT(error(with_places({"--config", file.c_str()})), contains("\"lisen\""));
    CHECK_THAT(error(with_places({"--config", "/nowhere/c.toml"})), contains("/nowhere/c.toml"));
}

TEST_CASE("--help and --version end well") {
    CHECK(read({"--help"}).error().status == 0);
    CHECK_THAT(read({"--help"}).error().text, contains("--max-upload-bytes"));
    CHECK(read({"--version"}).error().text == "thumbgated " THUMBGATE_VERSION "\n");
}

TEST_CASE("the public URL has no slash at its end") {
    CHECK(with_places({"--public-url", "https://photos.example/"})->urls.public_url == "https://photos.example");
}

TEST_CASE("quotas are numbers and sizes, and 0 is none") {
    const auto none = with_places(
        {"--quota-photos", "0", "--quota-bytes", "0", "--address-quota-photos", "0", "--address-quota-bytes", "0"});
    REQUIRE(none);
    CHECK(none->quota.owner_photos + none->quota.owner_bytes == 0);
    CHECK(none->quota.address_photos + none->quota.address_bytes == 0);
    CHECK(with_places({"--quota-bytes", "2GiB"})->quota.owner_bytes == 2ULL << 30);
    CHECK_THAT(error(with_places({"--quota-photos", "-1"})), contains("--quota-photos"));
    CHECK_THAT(error(with_places({"--address-quota-bytes", "many"})), contains("--address-quota-bytes"));
}
