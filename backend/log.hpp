// The service's log: one JSON object a line, to a file or to standard error. What is logged is data, never a format;
// callers pass no cookie, signature or key. Used on the main thread alone.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace thumbgate {

class Log {
  public:
    enum class Level { info, warning, error };

    // `path` empty: standard error. The error says why the file cannot be written.
    static std::expected<Log, std::string> open(const std::string& path);

    // {"time": …, "level": …, "message": …, and then `fields`}.
    void write(Level level, std::string_view message, boost::json::object fields = {});
    void info(std::string_view message, boost::json::object fields = {}) {
        write(Level::info, message, std::move(fields));
    }
    void warning(std::string_view message, boost::json::object fields = {}) {
        write(Level::warning, message, std::move(fields));
    }
    void error(std::string_view message, boost::json::object fields = {}) {
        write(Level::error, message, std::move(fields));
    }

    // Opens the file anew, after a log rotation moved it. If that fails, the old one is used on.
    void reopen();

  private:
    Log(std::string path, std::shared_ptr<spdlog::logger> logger)
        : path_(std::move(path)), logger_(std::move(logger)) {}

    std::string path_;
    std::shared_ptr<spdlog::logger> logger_;
};

// Bytes that came from a client, fit for a log: cut to 2048, and what is not printable ASCII as %XX.
std::string loggable(std::string_view text);

}  // namespace thumbgate
