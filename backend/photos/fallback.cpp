#include "backend/photos/fallback.hpp"

#include <utility>

#include "contract/canonical.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kMaxMade = 64;  // results kept; links that ask for more sizes than that are converted again
constexpr std::string_view kSource = "fallback";

}  // namespace

std::expected<std::unique_ptr<Fallback>, std::string> Fallback::open(const asio::any_io_executor& executor,
                                                                     ConverterPool& pool, FallbackConfig config) {
    auto picture = OwnPicture::read(config.picture);
    if (!picture) return std::unexpected(picture.error());
    return std::unique_ptr<Fallback>(new Fallback(executor, pool, std::move(config), std::move(*picture)));
}

Fallback::Fallback(const asio::any_io_executor& executor, ConverterPool& pool, FallbackConfig config,
                   OwnPicture picture)
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
    terms.digest = picture_.digest();
    terms.is_svg = picture_.format() == SourceFormat::svg;
    SingleFlight<PicturePtr>::Work work = [this, conversion = std::move(conversion), terms = std::move(terms)] {
        return convert(conversion, terms);
    };
    auto picture = co_await flights_.join(std::move(form), deadline, std::move(work));
    if (picture) ++given_;
    co_return picture;
}

asio::awaitable<Result<PicturePtr>> Fallback::convert(Conversion conversion, JobTerms terms) {
    std::string form = canonical_form(conversion);
    UniqueFd source = picture_.open();
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
