// thumb_feed: read while nginx reads its configuration; the state is laid out, or taken over from before a reload, and
// restored from the journal where memory is new.
#include <array>
#include <optional>
#include <string>

#include "contract/secret.hpp"
#include "nginx-module/feed/feed.hpp"
#include "nginx-module/feed/journal.hpp"
#include "nginx-module/shared_block.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {
namespace {

constexpr std::size_t kDefaultSize = 8 << 20;
constexpr in_port_t kRedisPort = 6379;

char* const kConfError = static_cast<char*>(NGX_CONF_ERROR);

ngx_int_t init_state(ngx_shm_zone_t* shm, void*) noexcept try {
    auto* feed = static_cast<FeedConf*>(shm->data);
    const SharedBlock block = shared_block(shm);
    if (block.memory.size() < kMinFeedMemory) return NGX_ERROR;
    if (block.is_new) FeedState::format(block.memory);
    if (!FeedState::is_formatted(block.memory)) {
        ngx_log_error(NGX_LOG_EMERG, shm->shm.log, 0,
                      "thumb_feed has the layout of another version of the module; restart nginx to make it anew");
        return NGX_ERROR;
    }
    feed->state = std::make_unique<FeedState>(block.memory);
    if (!block.is_new) return NGX_OK;
    const auto restored = Journal::load(feed->state_file, *feed->state);
    if (restored && *restored) return NGX_OK;
    if (restored) {
        ngx_log_error(NGX_LOG_NOTICE, shm->shm.log, 0, "thumb_feed: \"%s\" restores nothing; the cache starts anew",
                      feed->state_file.c_str());
        return NGX_OK;
    }
    ngx_log_error(NGX_LOG_EMERG, shm->shm.log, 0, "thumb_feed: %s", restored.error().c_str());
    return NGX_ERROR;
} catch (...) {
    return NGX_ERROR;
}

char* read_address(ngx_conf_t* cf, FeedConf& feed) {
    ngx_url_t url{};
    url.url = feed.redis;
    url.default_port = kRedisPort;
    if (ngx_parse_url(cf->pool, &url) != NGX_OK || url.naddrs == 0) {
        return refuse_directive(cf, "thumb_feed takes unix:PATH or HOST:PORT, not \"" + std::string(view(feed.redis)) +
                                        "\"" + (url.err != nullptr ? std::string(": ") + url.err : ""));
    }
    feed.address = url.addrs[0];
    return NGX_CONF_OK;
}

std::optional<ngx_str_t> after(const ngx_str_t& argument, std::string_view prefix) {
    if (!view(argument).starts_with(prefix)) return std::nullopt;
    return ngx_str_t{argument.len - prefix.size(), argument.data + prefix.size()};
}

char* read_password(ngx_conf_t* cf, ngx_str_t path, FeedConf& feed) {
    if (!full_path(cf, path)) return kConfError;
    auto password = read_private_file(std::string(view(path)));
    if (!password) return refuse_directive(cf, "thumb_feed: " + password.error());
    feed.password = password->substr(0, password->find('\n'));
    if (feed.password.empty()) return refuse_directive(cf, "thumb_feed: the password file is empty");
    return NGX_CONF_OK;
}

char* read_size(ngx_conf_t* cf, ngx_str_t text, std::size_t& size) {
    const ssize_t parsed = ngx_parse_size(&text);
    if (parsed < static_cast<ssize_t>(kMinFeedMemory + kSlabOverhead)) {
        return refuse_directive(cf, "size= takes a size of at least 192k, not \"" + std::string(view(text)) + "\"");
    }
    size = static_cast<std::size_t>(parsed);
    return NGX_CONF_OK;
}

char* read_argument(ngx_conf_t* cf, ngx_str_t argument, FeedConf& feed, std::size_t& size) {
    if (auto path = after(argument, "state=")) {
        if (!full_path(cf, *path)) return kConfError;
        feed.state_file = std::string(view(*path));
        return NGX_CONF_OK;
    }
    if (const auto path = after(argument, "password_file=")) return read_password(cf, *path, feed);
    if (const auto text = after(argument, "size=")) return read_size(cf, *text, size);
    return refuse_directive(cf, "thumb_feed does not take \"" + std::string(view(argument)) + "\"");
}

char* set_feed(ngx_conf_t* cf, ngx_command_t*, void* conf) noexcept try {
    FeedMainConf& main = static_cast<MainConf*>(conf)->feed;
    if (main.feed != nullptr) return const_cast<char*>("is duplicate");
    const ngx_str_t* arguments = directive_arguments(cf);
    main.feed = make_in_pool<FeedConf>(cf->pool);
    if (main.feed == nullptr) return kConfError;
    FeedConf& feed = *main.feed;
    feed.redis = arguments[1];
    std::size_t size = kDefaultSize;
    if (char* error = read_address(cf, feed); error != NGX_CONF_OK) return error;
    for (ngx_uint_t i = 2; i < cf->args->nelts; ++i) {
        if (char* error = read_argument(cf, arguments[i], feed, size); error != NGX_CONF_OK) return error;
    }
    if (feed.state_file.empty()) return refuse_directive(cf, "thumb_feed needs state=FILE");
    ngx_str_t zone_name = ngx_string("thumb_feed");
    feed.shm = ngx_shared_memory_add(cf, &zone_name, size, &ngx_http_thumb_module);
    if (feed.shm == nullptr) return kConfError;
    feed.shm->init = init_state;
    feed.shm->data = &feed;
    return NGX_CONF_OK;
} catch (...) {
    return kConfError;
}

}  // namespace

std::span<const ngx_command_t> feed_directives() {
    static const std::array<ngx_command_t, 1> directives{{
        {ngx_string("thumb_feed"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1234, set_feed, NGX_HTTP_MAIN_CONF_OFFSET, 0,
         nullptr},
    }};
    return directives;
}

}  // namespace thumbgate::edge
