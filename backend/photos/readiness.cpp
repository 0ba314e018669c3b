#include "backend/photos/readiness.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "backend/async.hpp"
#include "backend/http/json.hpp"
#include "backend/photos/readiness_picture.hpp"
#include "contract/encoding.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds kCounts(1);    // how long an answer does
constexpr std::chrono::seconds kPatience(5);  // a check that takes longer says that it does not work
constexpr std::uint32_t kWidth = 48;          // pixels

std::expected<UniqueFd, std::string> picture_in_memory() {
    const std::string bytes = base64url_decode_strict(kReadinessPicture).value_or("");
    UniqueFd fd(::memfd_create("readiness picture", MFD_CLOEXEC));
    if (!fd || ::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        return std::unexpected("cannot keep a file in memory: " + std::generic_category().message(errno));
    }
    return fd;
}

// With an offset of its own, and not writable.
UniqueFd open_again(const UniqueFd& fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

Conversion small_jpeg() {
    Conversion conversion;
    conversion.options.width = kWidth;
    conversion.options.format = Format::jpeg;
    return conversion;
}

// In a lane of its own, so that no flood makes the service look dead: then a load balancer would take away one backend
// after the other.
JobTerms terms() {
    return {.lane = Lane::check, .deadline = after(kPatience)};
}

Error not_ready(std::string why) {
    return {503, "not_ready", "A conversion does not work at the moment.", std::move(why), std::chrono::seconds(1)};
}

std::optional<Error> judge(const Result<Picture>& picture) {
    if (!picture) return not_ready(picture.error().code + ": " + picture.error().detail);
    if (picture->format == Format::jpeg && picture->width == kWidth && !picture->bytes.empty()) return std::nullopt;
    return not_ready("the result is not what was asked for");
}

}  // namespace

// What the last check found; shared with the check under way.
struct Readiness::State {
    explicit State(const asio::any_io_executor& executor) : found(executor) {}

    Event found;
    bool checking = false;
    std::chrono::steady_clock::time_point counts_until{};
    std::optional<Error> problem;  // nullopt: it worked
};

asio::awaitable<void> Readiness::check(ConverterPool& pool, UniqueFd source, std::shared_ptr<State> state) {
    try {
        const auto picture = co_await pool.convert(std::move(source), small_jpeg(), terms());
        state->problem = judge(picture);
    } catch (const std::exception& error) {
        state->problem = not_ready(error.what());
    }
    state->checking = false;
    state->counts_until = std::chrono::steady_clock::now() + kCounts;
    state->found.notify_all();
}

Readiness::Readiness(asio::any_io_executor executor, ConverterPool& pool, UniqueFd picture)
    : executor_(std::move(executor)),
      pool_(pool),
      picture_(std::move(picture)),
      state_(std::make_shared<State>(executor_)) {}

std::expected<std::unique_ptr<Readiness>, std::string> Readiness::make(const asio::any_io_executor& executor,
                                                                       ConverterPool& pool) {
    auto picture = picture_in_memory();
    if (!picture) return std::unexpected(picture.error());
    return std::unique_ptr<Readiness>(new Readiness(executor, pool, std::move(*picture)));
}

std::vector<Route> Readiness::routes() {
    return {{"GET", "/readyz", RouteKind::internal, [this](Request& request) { return show(request); }}};
}

asio::awaitable<Result<Response>> Readiness::show(Request& request) {
    const StageTimer timer(request.times.convert);
    const auto problem = co_await find_problem();
    if (problem) co_return std::unexpected(*problem);
    co_return json_response(200, boost::json::object{{"ready", true}});
}

asio::awaitable<std::optional<Error>> Readiness::find_problem() {
    const auto now = std::chrono::steady_clock::now();
    if (!state_->checking && now > state_->counts_until) {
        state_->checking = true;
        asio::co_spawn(executor_, check(pool_, open_again(picture_), state_), asio::detached);
    }
    while (state_->checking) {
        const bool in_time = co_await state_->found.wait_until(now + kPatience);
        if (!in_time) co_return not_ready("a conversion takes too long");
    }
    co_return state_->problem;
}

}  // namespace thumbgate
