#include "backend/photos/pictures.hpp"

#include <optional>
#include <utility>

#include "backend/conversion/formats.hpp"
#include "contract/canonical.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

// Of the converters' work: results of another one are not used, and go when they are old.
constexpr std::string_view kPipelineVersion = "3";

constexpr std::size_t kMaxInBackground = 64;  // jobs; then a picture is made when it is asked for the next time
constexpr std::chrono::minutes kQuiet(1);     // between two reports of a disk that does not work

// With a disk that takes its time to store a result: somebody waits for it.
constexpr std::chrono::seconds kStorePatience(1);

std::optional<Format> output_format(std::string_view bytes) {
    const auto format = sniff(bytes);
    if (!format) return std::nullopt;
    return format_from_name(name(*format));
}

MadePtr made_of(Picture picture) {
    auto made = std::make_shared<MadePicture>();
    made->digest = result_digest(picture.bytes);
    made->format = picture.format;
    made->bytes = std::move(picture.bytes);
    return made;
}

// Whether it was stored. On a storage thread. A removal may happen at any moment: it drops the results after its
// tombstone, and this looks for the tombstone after it stored, so one of the two sees the other.
Result<bool> store(PhotoStore& photos, ResultStore& results, const std::string& photo, const std::string& form,
                   const MadePicture& made) {
    auto stored = results.store(photo, form, made.bytes, made.digest);
    THUMB_FAULT_POINT("result-published");
    const auto there = photos.exists(photo);
    if (!there) return std::unexpected(there.error());
    if (*there) return stored;
    // What cannot be dropped here is dropped with the photo's other files at the next start.
    (void)results.drop(photo);
    return no_such_photo();
}

Result<PicturePtr> find_stored(PhotoStore& photos, ResultStore& results, const std::string& photo,
                               const std::string& form) {
    const auto there = photos.exists(photo);
    if (!there) return std::unexpected(there.error());
    if (!*there) return no_such_photo();
    auto stored = results.find(photo, form);
    const auto format = stored ? output_format(stored->bytes) : std::nullopt;
    if (!format) return PicturePtr();
    auto found = std::make_shared<MadePicture>();
    found->bytes = std::move(stored->bytes);
    found->format = *format;
    found->digest = stored->digest;
    found->is_stored = true;
    return found;
}

}  // namespace

std::unexpected<Error> no_such_photo() {
    return fail(404, "no_such_photo", "There is no such photo.");
}

// What a stored result is known by: with a watermark, which one it was.
std::string Pictures::result_form(const Conversion& conversion) const {
    std::string form = std::string(kPipelineVersion) + " ";
    if (asks_for_watermark(conversion) && parts_.watermark != nullptr) form += parts_.watermark->version() + " ";
    return form + canonical_form(conversion);
}

asio::awaitable<Result<PicturePtr>> Pictures::find(std::string photo, Conversion conversion, Deadline deadline) {
    if (asks_for_watermark(conversion) && parts_.watermark == nullptr) co_return no_watermark();
    auto work = [this, photo = std::move(photo), form = result_form(conversion)] {
        return find_stored(parts_.photos, parts_.results, photo, form);
    };
    co_return co_await offload(parts_.threads, std::move(work), {.deadline = deadline});
}

asio::awaitable<Result<PicturePtr>> Pictures::make(std::string photo, Conversion conversion, JobTerms terms) {
    const Deadline deadline = terms.deadline;
    std::string key = canonical_form(conversion);
    // The canonical form ends in the source, and so names the photo.
    SingleFlight<PicturePtr>::Work work = [this, photo = std::move(photo), conversion = std::move(conversion),
                                           terms = std::move(terms)] { return fly(photo, conversion, terms); };
    co_return co_await flights_.join(std::move(key), deadline, std::move(work));
}

bool Pictures::make_in_background(const std::string& photo, const Conversion& conversion,
                                  std::function<void(const Result<PicturePtr>&)> landed) {
    if (in_background_ >= kMaxInBackground) return false;
    const JobTerms terms{.lane = Lane::background, .client = "background"};
    SingleFlight<PicturePtr>::Work work = [this, photo, conversion, terms] { return fly(photo, conversion, terms); };
    auto told = [this, landed = std::move(landed)](const Result<PicturePtr>& result) {
        --in_background_;
        landed(result);
    };
    ++in_background_;
    const bool started = flights_.start(canonical_form(conversion), Deadline::max(), std::move(work), std::move(told));
    if (!started) --in_background_;
    return started;
}

asio::awaitable<Result<PicturePtr>> Pictures::fly(std::string photo, Conversion conversion, JobTerms terms) {
    auto open = [this, photo] { return parts_.photos.open_original(photo); };
    auto original = co_await offload(parts_.threads, std::move(open), {.deadline = terms.deadline});
    if (!original) co_return std::unexpected(std::move(original.error()));
    if (!*original) co_return no_such_photo();
    terms.digest = (*original)->sha256;
    terms.source_bytes = (*original)->object.size;
    terms.is_svg = (*original)->format == name(SourceFormat::svg);
    std::string form = result_form(conversion);
    auto picture =
        co_await parts_.pool.convert(std::move((*original)->object.fd), std::move(conversion), std::move(terms));
    if (!picture) co_return std::unexpected(std::move(picture.error()));
    THUMB_FAULT_POINT("result-converted");
    co_return co_await publish(std::move(photo), std::move(form), made_of(std::move(*picture)));
}

asio::awaitable<Result<PicturePtr>> Pictures::publish(std::string photo, std::string form, MadePtr made) {
    auto put = [this, photo, form = std::move(form), made] {
        return store(parts_.photos, parts_.results, photo, form, *made);
    };
    const CallTerms patiently{.access = Access::write, .deadline = after(kStorePatience)};
    const auto stored = co_await offload(parts_.threads, std::move(put), patiently);
    if (stored) {
        made->is_stored = *stored;
        co_return PicturePtr(made);
    }
    if (stored.error().status == 404) co_return std::unexpected(stored.error());
    // A disk that takes no more keeps nobody from what was made.
    report(stored.error());
    auto look = [this, photo = std::move(photo)] { return parts_.photos.exists(photo); };
    const auto there = co_await offload(parts_.threads, std::move(look));
    if (!there) co_return std::unexpected(there.error());
    if (!*there) co_return no_such_photo();
    co_return PicturePtr(made);
}

void Pictures::report(const Error& error) {
    const auto now = std::chrono::steady_clock::now();
    if (now < quiet_until_) return;
    quiet_until_ = now + kQuiet;
    parts_.on_not_stored(error);
}

}  // namespace thumbgate
