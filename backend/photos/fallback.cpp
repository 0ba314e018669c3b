#include "backend/photos/fallback.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "backend/conversion/formats.hpp"
#include "contract/canonical.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::uintmax_t kMaxSize = 16 << 20;  // bytes of the picture
constexpr std::size_t kMaxMade = 64;  // results kept; links that ask for more sizes than that are converted again
constexpr std::string_view kSource = "fallback";

std::unexpected<std::string> system_problem(const std::string& what) {
    return std::unexpected(what + ": " + std::generic_category().message(errno));
}

std::expected<std::string, std::string> read_picture(const std::filesystem::path& path) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) return std::unexpected("cannot read " + path.string() + ": " + error.message());
    if (size > kMaxSize) return std::unexpected(path.string() + " has more than 16 MiB");
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file || bytes.size() != size) return std::unexpected("cannot read " + path.string());
    if (!sniff(bytes)) return std::unexpected(path.string() + " is not a picture that can be read");
    return bytes;
}

std::expected<UniqueFd, std::string> in_memory(const std::string& bytes) {
    UniqueFd fd(::memfd_create("fallback picture", MFD_CLOEXEC));
    if (!fd) return system_problem("cannot keep a file in memory");
    if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        return system_problem("cannot keep the picture in memory");
    }
    return fd;
}

// With an offset of its own, and not writable.
UniqueFd open_again(const UniqueFd& fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

std::expected<std::unique_ptr<Fallback>, std::string> Fallback::open(const asio::any_io_executor& executor,
                                                                     ConverterPool& pool, FallbackConfig config) {
    const auto bytes = read_picture(config.picture);
    if (!bytes) return std::unexpected(bytes.error());
    auto picture = in_memory(*bytes);
    if (!picture) return std::unexpected(picture.error());
    std::unique_ptr<Fallback> fallback(new Fallback(executor, pool, std::move(config), std::move(*picture)));
    fallback->digest_ = hex_encode(sha256(*bytes));
    fallback->is_svg_ = sniff(*bytes) == SourceFormat::svg;
    return fallback;
}

Fallback::Fallback(const asio::any_io_executor& executor, ConverterPool& pool, FallbackConfig config, UniqueFd picture)
    : pool_(pool), config_(std::move(config)), picture_(std::move(picture)), flights_(executor) {}

bool Fallback::stands_in_for(const Error& error) {
    return error.status == 404 || error.status == 415 || error.status == 422;
}

asio::awaitable<Result<PicturePtr>> Fallback::make(Conversion conversion, JobTerms terms) {
    conversion.source = kSource;
    std::string form = canonical_form(conversion);
    if (const auto found = made_.find(form); found != made_.end()) {
        ++given_;
        co_return found->second;
    }
    const Deadline deadline = terms.deadline;
    terms.digest = digest_;
    terms.is_svg = is_svg_;
    SingleFlight<PicturePtr>::Work work = [this, conversion = std::move(conversion), terms = std::move(terms)] {
        return convert(conversion, terms);
    };
    auto picture = co_await flights_.join(std::move(form), deadline, std::move(work));
    if (picture) ++given_;
    co_return picture;
}

asio::awaitable<Result<PicturePtr>> Fallback::convert(Conversion conversion, JobTerms terms) {
    std::string form = canonical_form(conversion);
    UniqueFd source = open_again(picture_);
    if (!source) co_return fail(500, "failed", "The picture could not be converted.", "the fallback is not opened");
    auto converted = co_await pool_.convert(std::move(source), std::move(conversion), std::move(terms));
    if (!converted) co_return std::unexpected(std::move(converted.error()));
    auto made = std::make_shared<MadePicture>();
    made->digest = result_digest(converted->bytes);
    made->format = converted->format;
    made->bytes = std::move(converted->bytes);
    if (made_.size() >= kMaxMade) made_.clear();
    made_[std::move(form)] = made;
    co_return PicturePtr(made);
}

}  // namespace thumbgate
