#include "backend/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <ctime>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::size_t kMaxText = 2048;  // bytes

std::expected<std::shared_ptr<spdlog::logger>, std::string> make_logger(const std::string& path) {
    try {
        spdlog::sink_ptr sink;
        if (path.empty()) {
            sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        } else {
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
        }
        auto logger = std::make_shared<spdlog::logger>("thumbgated", std::move(sink));
        logger->set_pattern("%v");
        logger->flush_on(spdlog::level::info);
        return logger;
    } catch (const spdlog::spdlog_ex& error) {
        return std::unexpected(std::string(error.what()));
    }
}

std::string_view name(Log::Level level) {
    switch (level) {
        case Log::Level::info:
            return "info";
        case Log::Level::warning:
            return "warning";
        case Log::Level::error:
            break;
    }
    return "error";
}

// RFC 3339, UTC, with milliseconds.
std::string timestamp() {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    const auto milliseconds = now.time_since_epoch().count() % 1000;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, milliseconds);
}

}  // namespace

std::expected<Log, std::string> Log::open(const std::string& path) {
    auto logger = make_logger(path);
    if (!logger) return std::unexpected(logger.error());
    return Log(path, std::move(*logger));
}

void Log::write(Level level, std::string_view message, boost::json::object fields) {
    boost::json::object line{{"time", timestamp()}, {"level", name(level)}, {"message", message}};
    for (auto& [key, value] : fields) line.emplace(key, std::move(value));
    // As an argument: braces in the text mean nothing.
    logger_->info("{}", boost::json::serialize(line));
}

void Log::reopen() {
    if (path_.empty()) return;
    auto logger = make_logger(path_);
    if (!logger) {
        error("the log cannot be reopened", {{"detail", logger.error()}});
        return;
    }
    logger_ = std::move(*logger);
}

std::string loggable(std::string_view text) {
    constexpr std::string_view kPrintable = " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}";
    return percent_encode(text.substr(0, kMaxText), kPrintable);
}

}  // namespace thumbgate
