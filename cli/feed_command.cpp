// Tells every edge, through the control feed: purge takes cached thumbnails, revoke ends links.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "cli/commands.hpp"
#include "contract/control_feed.hpp"
#include "contract/ladder.hpp"
#include "contract/secret.hpp"
#include "contract/thumb_url.hpp"
#include "redis/blocking_client.hpp"

namespace thumbgate::cli {
namespace {

constexpr std::chrono::seconds kTimeout(5);

struct FeedArguments {
    std::string redis;
    std::string password_file;
    std::string prefix = "/t/";
    std::string link_id;
    std::uint64_t until = 0;  // unix seconds
    std::vector<std::string> names;
};

std::uint64_t unix_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::expected<BlockingRedis, std::string> connect(const FeedArguments& arguments) {
    auto redis = BlockingRedis::connect(arguments.redis, kTimeout);
    if (!redis || arguments.password_file.empty()) return redis;
    const auto password = read_private_file(arguments.password_file);
    if (!password) return std::unexpected(password.error());
    const auto let_in = redis->command({"AUTH", password->substr(0, password->find('\n'))});
    // An old server's refusal may quote the password.
    if (!let_in) return std::unexpected("Redis at " + arguments.redis + ": the password is refused");
    return redis;
}

ExitStatus announce_all(const FeedArguments& arguments, const std::vector<FeedEvent>& events) {
    auto redis = connect(arguments);
    if (!redis) return complain(redis.error());
    for (const FeedEvent& event : events) {
        for (const auto& command : announce(event, unix_ms())) {
            if (const auto done = redis->command(command); !done) return complain(done.error());
        }
        std::cout << (event.kind == FeedEventKind::purge ? "purged " : "revoked ") << event.name << '\n';
    }
    return 0;
}

ExitStatus purge(const FeedArguments& arguments) {
    std::vector<FeedEvent> events;
    for (const std::string& name : arguments.names) {
        const std::string_view source = source_name(name);
        if (source.empty() || source.size() > kMaxFeedName) return complain("\"" + name + "\" is no photo");
        events.push_back({FeedEventKind::purge, std::string(source), 0});
    }
    return announce_all(arguments, events);
}

std::expected<FeedEvent, std::string> revocation_of(const std::string& url, std::string_view prefix) {
    const auto path = split_signature(target_of(url, prefix));
    if (!path) return std::unexpected("\"" + url + "\": " + path.error().detail);
    const auto link = parse_link(with_width(std::string(path->path), "1").value_or(std::string(path->path)), Presets{});
    if (!link) return std::unexpected("\"" + url + "\": " + link.error().detail + "; give --lid and --until instead");
    if (link->options.link_id.empty()) {
        return std::unexpected("\"" + url +
                               "\" has no lid, so that it cannot be revoked; purge its photo, or let it expire");
    }
    return FeedEvent{FeedEventKind::revoke_link, link->options.link_id, link->options.expires};
}

ExitStatus revoke(const FeedArguments& arguments) {
    std::vector<FeedEvent> events;
    if (arguments.link_id.size() > kMaxFeedName) return complain("--lid is longer than any link's");
    if (!arguments.link_id.empty()) events.push_back({FeedEventKind::revoke_link, arguments.link_id, arguments.until});
    for (const std::string& url : arguments.names) {
        auto event = revocation_of(url, arguments.prefix);
        if (!event) return complain(event.error());
        events.push_back(std::move(*event));
    }
    if (events.empty()) return complain("revoke needs a link, or --lid and --until");
    return announce_all(arguments, events);
}

void add_redis_options(CLI::App& command, FeedArguments& arguments) {
    arguments.redis = std::filesystem::exists("var/run/redis.sock") ? "unix:var/run/redis.sock"
                                                                    : "unix:/var/lib/thumbgate/run/redis.sock";
    command.add_option("--redis", arguments.redis, "unix:PATH, or HOST:PORT")
        ->envname("THUMBGATE_REDIS")
        ->capture_default_str();
    command.add_option("--password-file", arguments.password_file, "File with the password of Redis, mode 0600");
}

}  // namespace

void add_feed_commands(CLI::App& app, ExitStatus& status) {
    auto arguments = std::make_shared<FeedArguments>();
    CLI::App* purging = app.add_subcommand("purge", "Take every cached thumbnail of a photo from every edge");
    add_redis_options(*purging, *arguments);
    purging->add_option("photo", arguments->names, "A photo's id, or a source such as s3://bucket/key")->required();
    purging->callback([arguments, &status] { status = purge(*arguments); });

    CLI::App* revoking = app.add_subcommand("revoke", "End links that have a lid, on every edge");
    add_redis_options(*revoking, *arguments);
    revoking->add_option("--prefix", arguments->prefix, "The thumbnail location")->capture_default_str();
    CLI::Option* until =
        revoking->add_option("--until", arguments->until, "The exp of the links with --lid, unix seconds");
    until->check(CLI::Range(std::uint64_t{1}, static_cast<std::uint64_t>(INT64_MAX)));
    revoking->add_option("--lid", arguments->link_id, "Revoke by name")->needs(until);
    revoking->add_option("url", arguments->names, "A link, with or without scheme, host and prefix");
    revoking->callback([arguments, &status] { status = revoke(*arguments); });
}

}  // namespace thumbgate::cli
