#include "backend/config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <thread>

#include "backend/units.hpp"
#include "contract/cache_policy.hpp"
#include "contract/encoding.hpp"
#include "contract/option_arguments.hpp"
#include "contract/options.hpp"

namespace thumbgate {
namespace {

constexpr int kUsageError = 2;
constexpr std::uint64_t kLeastConverterMemory = 256 << 20;

// Every option as it was written: read here, understood below, so that every error sounds alike.
struct Texts {
    std::string listen, keys, secret, photos, results, redis, log, converter, public_url, fallback_image, watermark;
    std::string cookie_secure = "true";
    std::string converters = std::to_string(std::max(1U, std::thread::hardware_concurrency()));
    std::string slow_converters = std::to_string(std::max(1U, std::thread::hardware_concurrency() / 2));
    std::string svg_converters = "1";
    std::string storage_threads = "4";
    std::string storage_queue = "256";
    std::string storage_timeout = "10s";
    std::string max_upload_bytes = "64MiB";
    std::string max_svg_bytes = "4MiB";
    std::string max_form_bytes = "256KiB";
    std::string max_uploads = "64";
    std::string max_originals = "64";
    std::string quota_bytes = "10GiB";
    std::string quota_photos = "10000";
    std::string address_quota_bytes = "5GiB";
    std::string address_quota_photos = "5000";
    std::string max_pixels = "100000000";
    std::string max_animation_pixels = "5000000";
    std::string max_side = "65535";
    std::string max_frames = "1000";
    std::string max_scans = "100";
    std::string max_metadata_bytes = "4MiB";
    std::string max_output_bytes = "32MiB";
    std::string max_connections = "1024";
    std::string max_header_bytes = "16KiB";
    std::string queue = "256";
    std::string queue_timeout = "10s";
    std::string job_timeout = "7s";  // below the edge's deadline: who asks is told of it
    std::string overload_wait = "1s";
    std::string request_timeout = "10s";
    std::string jobs_per_converter = "1000";
    std::string converter_retire_memory = "512MiB";
    std::string converter_memory = "2GiB";
    std::string redis_timeout = "500ms";
    std::string signature_size = "32";
    std::string url_lifetime = "24h";
    std::string url_period = "24h";
    std::string url_ladder = "false";
    std::string session_lifetime = "30d";
    std::string undo = "10m";
    std::string retention = "0";
    std::string drain_timeout = "20s";
    std::string lame_duck = "6s";
    std::string results_max_size = "10GiB";
    std::string results_max_age = "90d";
    std::string results_min_free = "2GiB";
    std::string uploads_min_free = "512MiB";
    std::string interim_max_age = "2s";
    std::string fallback_status = "200";
    std::string fallback_max_age = "10s";
    std::string watermark_opacity = "1";
    std::vector<std::string> base_sizes{"160", "320", "640", "960", "1280"};
};

std::string environment_name(const std::string& option) {
    std::string name = "THUMBGATE_" + option;
    std::ranges::transform(name, name.begin(), [](char c) {
        return c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    });
    return name;
}

void add(CLI::App& app, const std::string& name, std::string& text, const std::string& help) {
    CLI::Option* option = app.add_option("--" + name, text, help);
    option->envname(environment_name(name))->type_name("")->capture_default_str()->take_last();
}

void add_places(CLI::App& app, Texts& texts) {
    add(app, "listen", texts.listen, "unix socket's path, or private address and port, to serve the edge on");
    add(app, "keys", texts.keys, "key file that signs links; made by \"thumbgate key new\"");
    add(app, "secret", texts.secret, "file with the 64 hex digits that this service shares with the edge");
    add(app, "photos", texts.photos, "folder that photos are kept in");
    add(app, "results", texts.results, "folder of converted pictures; without it \"results\" in the folder of photos");
    add(app, "redis", texts.redis, "unix socket's path, or address and port, of Redis");
    add(app, "log", texts.log, "file of the log, opened anew on SIGUSR1; without it standard error");
    add(app, "converter", texts.converter, "thumbgate-converter; without it the one beside this program");
    add(app, "public-url", texts.public_url, "what URLs in answers begin with, like https://photos.example");
    add(app, "fallback-image", texts.fallback_image,
        "picture that is shown where a photo cannot be; without it an error");
    add(app, "watermark", texts.watermark, "picture that links may put onto theirs (wm); without it none can");
    add(app, "cookie-secure", texts.cookie_secure, "false only where the edge is reached over plain HTTP");
}

void add_limits(CLI::App& app, Texts& texts) {
    add(app, "converters", texts.converters, "converter processes");
    add(app, "slow-converters", texts.slow_converters, "more of them, of low priority, for AVIF and background work");
    add(app, "svg-converters", texts.svg_converters,
        "converter processes for SVG, started by the first one; 0: it is not read");
    add(app, "storage-threads", texts.storage_threads, "threads that read the storage, and as many that write it");
    add(app, "storage-queue", texts.storage_queue, "reads, or writes, that wait for a thread; one more is refused");
    add(app, "storage-timeout", texts.storage_timeout, "time that one read or write gets before it is given up");
    add(app, "max-upload-bytes", texts.max_upload_bytes, "size of an uploaded picture");
    add(app, "max-svg-bytes", texts.max_svg_bytes, "size of an uploaded SVG");
    add(app, "max-form-bytes", texts.max_form_bytes, "size of an uploaded form, without the picture");
    add(app, "max-uploads", texts.max_uploads, "uploads at once; one more is refused");
    add(app, "max-originals", texts.max_originals, "originals being sent at once; one more is refused");
    add(app, "max-pixels", texts.max_pixels, "pixels of a picture, over all its frames");
    add(app, "max-animation-pixels", texts.max_animation_pixels,
        "pixels of an animated thumbnail, over all its frames; beyond, it is the first frame; 0 for none");
    add(app, "max-side", texts.max_side, "pixels of a picture's longer side");
    add(app, "max-frames", texts.max_frames, "frames or pages of a picture");
    add(app, "max-scans", texts.max_scans, "scans of a JPEG");
    add(app, "max-metadata-bytes", texts.max_metadata_bytes, "metadata of a picture; a piece counts as 2 KiB or more");
    add(app, "max-output-bytes", texts.max_output_bytes, "size of a thumbnail");
    add(app, "max-connections", texts.max_connections, "connections from the edge; more wait");
    add(app, "max-header-bytes", texts.max_header_bytes, "header of a request; at most 1MiB");
    add(app, "queue", texts.queue,
        "jobs of a kind that wait; one more is refused; no client holds more places than are free");
    add(app, "queue-timeout", texts.queue_timeout, "time that a job waits before it is refused");
    add(app, "job-timeout", texts.job_timeout, "time that a job takes before its converter is killed");
    add(app, "overload-wait", texts.overload_wait, "under overload, the longest wait with which a job is accepted");
    add(app, "request-timeout", texts.request_timeout, "time that a request gets, where the edge names none or more");
    add(app, "jobs-per-converter", texts.jobs_per_converter, "jobs after which a converter is replaced");
    add(app, "converter-retire-memory", texts.converter_retire_memory,
        "a converter that ever held as much is replaced after its job");
    add(app, "converter-memory", texts.converter_memory, "address space of a converter; at least 256MiB");
    add(app, "redis-timeout", texts.redis_timeout, "time that Redis may take to answer; at most 900ms");
    add(app, "signature-size", texts.signature_size, "bytes of a URL's signature, as the edge's thumb_signature_size");
    add(app, "url-lifetime", texts.url_lifetime, "time that the URLs of a listing live, at least");
    add(app, "url-period", texts.url_period, "their end is rounded up to a multiple of this");
    add(app, "url-ladder", texts.url_ladder, "true where the edge's thumb_sizes has the widths of --base-sizes");
    add(app, "session-lifetime", texts.session_lifetime, "time after which an unused session ends");
    add(app, "undo", texts.undo, "time for which a deleted photo can be restored; 0: it is gone at once");
    add(app, "retention", texts.retention, "time after which a photo is removed for good; 0: it stays");
    add(app, "drain-timeout", texts.drain_timeout, "time that requests get to finish on SIGTERM");
    add(app, "lame-duck", texts.lame_duck, "of that, time in which the edge's idle connections are not closed");
    app.add_option("--base-sizes", texts.base_sizes, "widths, in pixels, of the thumbnails that answers name")
        ->envname("THUMBGATE_BASE_SIZES")
        ->delimiter(',')
        ->type_name("")
        ->capture_default_str();
}

void add_results(CLI::App& app, Texts& texts) {
    add(app, "results-max-size", texts.results_max_size, "size of all converted pictures kept; 0: none is kept");
    add(app, "results-max-age", texts.results_max_age, "time after which an unused converted picture is removed");
    add(app, "results-min-free", texts.results_min_free,
        "room on their disk below which converted pictures are removed");
    add(app, "uploads-min-free", texts.uploads_min_free, "room on the photos' disk below which uploads are refused");
    add(app, "interim-max-age", texts.interim_max_age, "time that another format stands in while an AVIF is made");
    add(app, "fallback-status", texts.fallback_status, "HTTP status of the fallback picture");
    add(app, "fallback-max-age", texts.fallback_max_age, "time that the fallback picture is fresh");
    add(app, "watermark-opacity", texts.watermark_opacity, "above 0, up to 1; that of a link is multiplied by it");
}

void add_quotas(CLI::App& app, Texts& texts) {
    add(app, "quota-bytes", texts.quota_bytes, "size of all photos that an owner may keep; 0: no limit");
    add(app, "quota-photos", texts.quota_photos, "photos that an owner may keep; 0: no limit");
    add(app, "address-quota-bytes", texts.address_quota_bytes,
        "bytes that may be uploaded from an address in a day, by whomever; 0: no limit");
    add(app, "address-quota-photos", texts.address_quota_photos, "photos that may be; 0: no limit");
}

// The environment as flags before those of the command line, since the last one counts.
std::vector<std::string> arguments(CLI::App& app, int argc, const char* const* argv) {
    std::vector<std::string> all;
    for (const CLI::Option* option : app.get_options()) {
        const std::string name = option->get_single_name();
        const bool on_command_line = std::any_of(argv + std::min(argc, 1), argv + argc, [&](const char* argument) {
            const std::string_view text(argument);
            return text == "--" + name || text.starts_with("--" + name + "=");
        });
        const char* value = option->get_envname().empty() ? nullptr : std::getenv(option->get_envname().c_str());
        if (value != nullptr && *value != '\0' && !on_command_line) all.push_back("--" + name + "=" + value);
    }
    for (int i = 1; i < argc; ++i) all.emplace_back(argv[i]);
    std::ranges::reverse(all);  // as CLI11 takes them
    return all;
}

// Understands the texts; remembers the first that cannot be.
class Reader {
  public:
    void require(const char* name, const std::string& text, const char* remedy) {
        if (text.empty()) fail(std::string("--") + name + " is missing; " + remedy);
    }

    SocketAddress address(const char* name, const std::string& text) {
        auto address = parse_address(text);
        if (address) return *address;
        fail(std::string("--") + name + ": " + address.error());
        return {};
    }

    std::uint64_t number(const char* name, const std::string& text, std::uint64_t min, std::uint64_t max) {
        const auto number = parse_decimal(text, max);
        if (number && *number >= min) return *number;
        bad(name, text, "write a whole number from " + std::to_string(min) + " to " + std::to_string(max));
        return min;
    }

    std::uint64_t size(const char* name, const std::string& text) {
        const auto size = parse_size(text);
        if (!size) bad(name, text, "write a number of bytes, or one with KiB, MiB or GiB, like 64MiB");
        return size.value_or(1);
    }

    std::uint64_t size_or_none(const char* name, const std::string& text) { return text == "0" ? 0 : size(name, text); }

    std::chrono::milliseconds duration(const char* name, const std::string& text, std::chrono::milliseconds min,
                                       std::chrono::milliseconds max = std::chrono::milliseconds::max()) {
        const auto time = parse_duration(text);
        if (time && *time >= min && *time <= max) return *time;
        std::string remedy = "write a time like 500ms, 10s, 24h or 30d, at least " + std::to_string(min.count()) + "ms";
        if (max != std::chrono::milliseconds::max()) remedy += " and at most " + std::to_string(max.count()) + "ms";
        bad(name, text, remedy);
        return min;
    }

    std::chrono::seconds seconds(const char* name, const std::string& text) {
        return std::chrono::floor<std::chrono::seconds>(duration(name, text, std::chrono::seconds(1)));
    }

    bool flag(const char* name, const std::string& text) {
        if (text != "true" && text != "false") bad(name, text, "write true or false");
        return text == "true";
    }

    void bad(const char* name, const std::string& text, const std::string& remedy) {
        fail(std::string("--") + name + ": \"" + text + "\" is not understood; " + remedy);
    }
    void fail(std::string error) {
        if (!error_) error_ = std::move(error);
    }
    const std::optional<std::string>& error() const { return error_; }

  private:
    std::optional<std::string> error_;
};

std::string public_url(Reader& reader, std::string text) {
    while (text.ends_with('/')) text.pop_back();
    if (!text.empty() && !text.starts_with("http://") && !text.starts_with("https://")) {
        reader.bad("public-url", text, "write the edge's own URL, like https://photos.example, or nothing");
    }
    return text;
}

std::filesystem::path converter_program(const std::string& text) {
    if (!text.empty()) return text;
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "thumbgate-converter";
}

void read_places(Reader& reader, const Texts& texts, Config& config) {
    reader.require("listen", texts.listen, "name a unix socket, like run/thumbgated.sock");
    reader.require("keys", texts.keys, "make a key file with \"thumbgate key new\"");
    reader.require("secret", texts.secret, "name the file whose 64 hex digits the edge's thumb_secret names too");
    reader.require("photos", texts.photos, "name the folder to keep photos in");
    reader.require("redis", texts.redis, "name the unix socket of Redis, like run/redis.sock");
    config.listen = reader.address("listen", texts.listen);
    config.redis.address = reader.address("redis", texts.redis);
    config.keys = texts.keys;
    config.secret = texts.secret;
    config.photos = texts.photos;
    config.log = texts.log;
    config.pool.program = converter_program(texts.converter);
    config.urls.public_url = public_url(reader, texts.public_url);
    config.sessions.secure_cookie = reader.flag("cookie-secure", texts.cookie_secure);
}

std::uint32_t header_bytes(Reader& reader, const std::string& text) {
    constexpr std::uint64_t kLeast = 4 << 10;
    constexpr std::uint64_t kMost = 1 << 20;
    const std::uint64_t bytes = reader.size("max-header-bytes", text);
    if (bytes < kLeast || bytes > kMost) reader.bad("max-header-bytes", text, "write a size from 4KiB to 1MiB");
    return static_cast<std::uint32_t>(std::min(bytes, kMost));
}

void read_limits(Reader& reader, const Texts& texts, Config& config) {
    using std::chrono::milliseconds;
    PoolConfig& pool = config.pool;
    pool.converters = static_cast<unsigned>(reader.number("converters", texts.converters, 1, 1024));
    pool.slow_converters = static_cast<unsigned>(reader.number("slow-converters", texts.slow_converters, 1, 1024));
    pool.svg_converters = static_cast<unsigned>(reader.number("svg-converters", texts.svg_converters, 0, 1024));
    pool.max_queue = reader.number("queue", texts.queue, 1, 100'000);
    pool.queue_timeout = reader.duration("queue-timeout", texts.queue_timeout, milliseconds(100));
    pool.job_timeout = reader.duration("job-timeout", texts.job_timeout, milliseconds(100));
    pool.overload_wait = reader.duration("overload-wait", texts.overload_wait, milliseconds(10));
    pool.converter_retire_memory = reader.size("converter-retire-memory", texts.converter_retire_memory);
    pool.max_pixels = reader.number("max-pixels", texts.max_pixels, 1, 10'000'000'000);
    pool.max_animation_pixels = reader.number("max-animation-pixels", texts.max_animation_pixels, 0, 10'000'000'000);
    pool.max_side = static_cast<std::uint32_t>(reader.number("max-side", texts.max_side, 1, 10'000'000));
    pool.max_frames = static_cast<std::uint32_t>(reader.number("max-frames", texts.max_frames, 1, 1'000'000));
    pool.max_scans = static_cast<std::uint32_t>(reader.number("max-scans", texts.max_scans, 1, 100'000));
    pool.max_metadata_bytes = reader.size("max-metadata-bytes", texts.max_metadata_bytes);
    pool.max_output_bytes = reader.size("max-output-bytes", texts.max_output_bytes);
    pool.jobs_per_converter =
        static_cast<unsigned>(reader.number("jobs-per-converter", texts.jobs_per_converter, 1, 1'000'000'000));
    pool.converter_memory = reader.size("converter-memory", texts.converter_memory);
    if (pool.converter_memory < kLeastConverterMemory) {
        reader.bad("converter-memory", texts.converter_memory, "write 256MiB or more");
    }
    config.storage.threads = static_cast<unsigned>(reader.number("storage-threads", texts.storage_threads, 1, 256));
    config.storage.max_waiting = reader.number("storage-queue", texts.storage_queue, 1, 100'000);
    config.storage.timeout = reader.duration("storage-timeout", texts.storage_timeout, milliseconds(100));
    config.uploads.one.max_bytes = reader.size("max-upload-bytes", texts.max_upload_bytes);
    config.uploads.one.max_svg_bytes = reader.size("max-svg-bytes", texts.max_svg_bytes);
    config.uploads.one.max_form_bytes = reader.size("max-form-bytes", texts.max_form_bytes);
    config.uploads.max_at_once = reader.number("max-uploads", texts.max_uploads, 1, 100'000);
    config.originals.max_at_once = reader.number("max-originals", texts.max_originals, 1, 100'000);
    config.server.max_connections = reader.number("max-connections", texts.max_connections, 1, 100'000);
    config.server.max_header_bytes = header_bytes(reader, texts.max_header_bytes);
    config.redis.deadline = reader.duration("redis-timeout", texts.redis_timeout, milliseconds(10), milliseconds(900));
    config.request_timeout = reader.duration("request-timeout", texts.request_timeout, milliseconds(100));
    config.drain.timeout = reader.duration("drain-timeout", texts.drain_timeout, milliseconds(1));
    config.drain.lame_duck = reader.duration("lame-duck", texts.lame_duck, milliseconds(1));
    config.urls.signature_size =
        reader.number("signature-size", texts.signature_size, kMinSignatureSize, kMaxSignatureSize);
    config.urls.lifetime = reader.seconds("url-lifetime", texts.url_lifetime);
    config.urls.period = reader.seconds("url-period", texts.url_period);
    config.urls.has_ladder = reader.flag("url-ladder", texts.url_ladder);
    config.sessions.lifetime = reader.seconds("session-lifetime", texts.session_lifetime);
    config.undo = texts.undo == "0" ? std::chrono::seconds(0) : reader.seconds("undo", texts.undo);
    config.retention = texts.retention == "0" ? std::chrono::seconds(0) : reader.seconds("retention", texts.retention);
    config.urls.base_sizes.clear();
    for (const std::string& size : texts.base_sizes) {
        config.urls.base_sizes.push_back(
            static_cast<std::uint32_t>(reader.number("base-sizes", size, 1, kMaxDimension)));
    }
}

void read_fallback(Reader& reader, const Texts& texts, FallbackConfig& config) {
    config.picture = texts.fallback_image;
    config.status = static_cast<int>(reader.number("fallback-status", texts.fallback_status, 200, 599));
    config.max_age = std::chrono::floor<std::chrono::seconds>(reader.duration(
        "fallback-max-age", texts.fallback_max_age, std::chrono::seconds(1), std::chrono::seconds(kMaxInterim)));
}

void read_watermark(Reader& reader, const Texts& texts, WatermarkConfig& config) {
    config.picture = texts.watermark;
    const auto parsed = parse_opacity("watermark-opacity", texts.watermark_opacity, config.opacity);
    if (!parsed || config.opacity == 0) {
        reader.bad("watermark-opacity", texts.watermark_opacity,
                   "write a number above 0, up to 1, with at most three decimals");
    }
}

void read_results(Reader& reader, const Texts& texts, Config& config) {
    constexpr std::chrono::seconds kMaxInterimAge(kMaxInterim);
    config.results.folder = texts.results.empty() ? config.photos + "/results" : texts.results;
    config.results.max_size = reader.size_or_none("results-max-size", texts.results_max_size);
    config.results.max_age = reader.seconds("results-max-age", texts.results_max_age);
    config.disk.results_min_free = reader.size_or_none("results-min-free", texts.results_min_free);
    config.disk.uploads_min_free = reader.size_or_none("uploads-min-free", texts.uploads_min_free);
    config.interim_max_age = std::chrono::floor<std::chrono::seconds>(
        reader.duration("interim-max-age", texts.interim_max_age, std::chrono::seconds(1), kMaxInterimAge));
}

void read_quotas(Reader& reader, const Texts& texts, QuotaConfig& config) {
    constexpr std::uint64_t kMostPhotos = 1'000'000'000;
    config.owner_bytes = reader.size_or_none("quota-bytes", texts.quota_bytes);
    config.owner_photos = reader.number("quota-photos", texts.quota_photos, 0, kMostPhotos);
    config.address_bytes = reader.size_or_none("address-quota-bytes", texts.address_quota_bytes);
    config.address_photos = reader.number("address-quota-photos", texts.address_quota_photos, 0, kMostPhotos);
}

// CLI11's words, where they name neither the file nor the remedy, are replaced.
std::string describe(const CLI::ParseError& error) {
    std::string text = error.what();
    if (dynamic_cast<const CLI::ConfigError*>(&error) != nullptr) {
        return "--config: \"" + text.substr(text.rfind(' ') + 1) +
               "\" is no key of the file; each is a flag without its dashes";
    }
    if (dynamic_cast<const CLI::FileError*>(&error) != nullptr) return "--config: " + text;
    return text;
}

EarlyExit early_exit(const CLI::App& app, const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    if (app.exit(error, out, err) == 0) {
        std::string text = out.str();
        if (!text.ends_with('\n')) text += '\n';
        return {0, std::move(text)};
    }
    return {kUsageError, "thumbgated: " + describe(error) + "; see --help\n"};
}

}  // namespace

std::expected<Config, EarlyExit> read_config(int argc, const char* const* argv) {
    CLI::App app("The conversion service behind the thumbgate edge.", "thumbgated");
    app.set_version_flag("--version", std::string("thumbgated ") + THUMBGATE_VERSION);
    app.set_config("--config", "", "TOML file with any of these, without the dashes: listen = \"run/thumbgated.sock\"")
        ->envname("THUMBGATE_CONFIG");
    app.allow_config_extras(CLI::config_extras_mode::error);
    app.footer("A flag counts before the environment (THUMBGATE_LISTEN, …), and that before the file.");
    Texts texts;
    add_places(app, texts);
    add_limits(app, texts);
    add_results(app, texts);
    add_quotas(app, texts);
    try {
        app.parse(arguments(app, argc, argv));
    } catch (const CLI::ParseError& error) {
        return std::unexpected(early_exit(app, error));
    }
    Config config;
    Reader reader;
    read_places(reader, texts, config);
    read_limits(reader, texts, config);
    read_results(reader, texts, config);
    read_fallback(reader, texts, config.fallback);
    read_watermark(reader, texts, config.watermark);
    read_quotas(reader, texts, config.quota);
    if (reader.error()) return std::unexpected(EarlyExit{kUsageError, "thumbgated: " + *reader.error() + "\n"});
    return config;
}

}  // namespace thumbgate
