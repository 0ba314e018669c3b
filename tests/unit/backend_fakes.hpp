// What the backend's parts are tested with: a Redis, a converter pool and a body in memory, and coroutines run to their
// end.
#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backend/conversion/pool.hpp"
#include "backend/http/message.hpp"
#include "backend/sessions/redis.hpp"

namespace thumbgate::test {

// Runs one coroutine to its end.
template <typename T>
T run_coroutine(boost::asio::io_context& io, boost::asio::awaitable<T> coroutine) {
    auto future = boost::asio::co_spawn(io, std::move(coroutine), boost::asio::use_future);
    io.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
    return future.get();
}

template <typename T>
T run_coroutine(boost::asio::awaitable<T> coroutine) {
    boost::asio::io_context io(1);
    return run_coroutine(io, std::move(coroutine));
}

// The commands that the backend sends, on maps that do not forget by themselves.
class FakeRedis final : public Redis {
  public:
    std::map<std::string, std::string> values;
    std::map<std::string, std::map<std::string, double>> sets;          // sorted: member, score
    std::map<std::string, std::map<std::string, std::int64_t>> hashes;  // of numbers
    std::vector<std::vector<std::string>> commands;
    bool up = true;

    bool is_up() const override { return up; }
    boost::asio::awaitable<Result<RedisReply>> command(std::vector<std::string> arguments) override {
        commands.push_back(arguments);
        if (!up) co_return fail_unavailable("redis_unavailable", "down");
        co_return answer(arguments);
    }

    // Everything is forgotten, as by a Redis whose data were lost.
    void wipe() {
        values.clear();
        sets.clear();
        hashes.clear();
    }

  private:
    static RedisReply nil() { return {}; }
    static RedisReply integer(std::int64_t number) {
        RedisReply reply;
        reply.type = RedisReply::Type::integer;
        reply.integer = number;
        return reply;
    }
    static RedisReply text(std::string value) {
        RedisReply reply;
        reply.type = RedisReply::Type::text;
        reply.text = std::move(value);
        return reply;
    }
    static RedisReply list() {
        RedisReply reply;
        reply.type = RedisReply::Type::list;
        return reply;
    }

    RedisReply answer(const std::vector<std::string>& arguments) {
        const std::string& name = arguments.at(0);
        const std::string& key = arguments.at(1);
        if (name == "DEL") return integer(static_cast<std::int64_t>(values.erase(key)));
        if (name == "GET") return get(key);
        if (name == "INCR") {
            const std::int64_t next = std::stoll("0" + values[key]) + 1;
            values[key] = std::to_string(next);
            return integer(next);
        }
        if (name == "MGET") {
            RedisReply all = list();
            for (std::size_t i = 1; i < arguments.size(); ++i) all.list.push_back(get(arguments[i]));
            return all;
        }
        if (name == "SET" && (arguments.back() != "XX" || values.contains(key))) {
            values[key] = arguments.at(2);
            return text("OK");
        }
        if (name.starts_with('Z')) return answer_of_set(arguments, sets[key]);
        if (name.starts_with('H')) return answer_of_hash(arguments, hashes[key]);
        return nil();
    }
    RedisReply get(const std::string& key) { return values.contains(key) ? text(values[key]) : nil(); }

    static RedisReply answer_of_set(const std::vector<std::string>& arguments, std::map<std::string, double>& set) {
        const std::string& name = arguments.at(0);
        if (name == "ZADD") set[arguments.back()] = std::stod(arguments.at(arguments.size() - 2));
        if (name == "ZSCORE" && set.contains(arguments.at(2))) return text(std::to_string(set[arguments.at(2)]));
        if (name == "ZSCORE") return nil();
        if (name == "ZREM") return integer(static_cast<std::int64_t>(set.erase(arguments.at(2))));
        if (name != "ZRANGEBYSCORE") return integer(0);
        std::vector<std::pair<double, std::string>> members;
        for (const auto& [member, score] : set) members.emplace_back(score, member);
        std::ranges::sort(members);
        RedisReply all = list();
        for (const auto& [score, member] : members) {
            if (score >= std::stod(arguments.at(2))) all.list.push_back(text(member));
        }
        return all;
    }
    static RedisReply answer_of_hash(const std::vector<std::string>& arguments,
                                     std::map<std::string, std::int64_t>& hash) {
        if (arguments.at(0) == "HINCRBY") return integer(hash[arguments.at(2)] += std::stoll(arguments.at(3)));
        RedisReply all = list();
        for (std::size_t i = 2; i < arguments.size(); ++i) {
            all.list.push_back(hash.contains(arguments[i]) ? text(std::to_string(hash[arguments[i]])) : nil());
        }
        return all;
    }
};

// "Converts" to the first bytes of a format and a text that names what was asked for; `before_answer` runs while the
// job is under way.
class FakePool final : public ConverterPool {
  public:
    std::optional<Error> error;
    std::optional<Error> avif_error;  // for AVIF alone
    int avifs = 0;                    // asked for
    std::function<void()> before_answer = [] {};
    std::optional<Offence> unheard;  // of a conversion whose caller is told an error
    PictureFacts facts{.format = SourceFormat::jpeg,
                       .width = 400,
                       .height = 300,
                       .has_alpha = false,
                       .frames = 3,
                       .orientation = 6,
                       .dominant_colour = {0x5a, 0x0f, 0x3c},
                       .thumbhash = {{0xfb, 0xff, 0xfe, 0x10}, 4}};
    std::vector<Conversion> conversions;

    boost::asio::awaitable<Result<Picture>> convert(thumbgate::UniqueFd /*source*/, Conversion conversion,
                                                    JobTerms terms) override {
        conversions.push_back(conversion);
        before_answer();
        if (unheard) terms.on_unheard_offence(*unheard);
        if (error) co_return std::unexpected(*error);
        Picture picture;
        picture.format = format_of(conversion);
        if (picture.format == Format::avif && ++avifs > 0 && avif_error) co_return std::unexpected(*avif_error);
        picture.bytes = head_of(picture.format) + "picture of " + canonical_form(conversion);
        picture.width = conversion.options.width;
        picture.height = 1;
        co_return picture;
    }
    boost::asio::awaitable<Result<PictureFacts>> inspect(thumbgate::UniqueFd /*source*/, JobTerms /*terms*/) override {
        if (error) co_return std::unexpected(*error);
        co_return facts;
    }
    void stop() override {}

  private:
    static Format format_of(const Conversion& conversion) {
        if (conversion.options.format) return *conversion.options.format;
        if (conversion.accepted.has(Format::avif)) return Format::avif;
        return conversion.accepted.has(Format::webp) ? Format::webp : Format::jpeg;
    }
    static std::string head_of(Format format) {
        switch (format) {
            case Format::avif:
                return std::string("\0\0\0\x1C", 4) + "ftypavif" + std::string(16, '\0');
            case Format::webp:
                return std::string("RIFF\0\0\0\0WEBPVP8 ", 16);
            case Format::png:
                return "\x89PNG\r\n\x1A\n";
            default:
                return "\xFF\xD8\xFF\xE0";  // no test asks for another
        }
    }
};

// A body in pieces, as they could arrive.
class FakeBody final : public BodyReader {
  public:
    FakeBody() = default;
    explicit FakeBody(std::string bytes, std::size_t piece = 64 * 1024) : bytes_(std::move(bytes)), piece_(piece) {}

    bool announces = true;
    std::optional<Error> error_at_end;

    std::optional<std::uint64_t> announced_bytes() const override {
        if (!announces) return std::nullopt;
        return bytes_.size();
    }
    boost::asio::awaitable<Result<std::string_view>> next() override {
        const std::string_view piece = std::string_view(bytes_).substr(at_, piece_);
        at_ += piece.size();
        if (piece.empty() && error_at_end) co_return std::unexpected(*error_at_end);
        co_return piece;
    }
    std::size_t read() const { return at_; }

  private:
    std::string bytes_;
    std::size_t piece_ = 1;
    std::size_t at_ = 0;
};

}  // namespace thumbgate::test
