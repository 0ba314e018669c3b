#include "backend/photos/intake.hpp"

#include <utility>

#include "backend/conversion/formats.hpp"
#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "faults/fault_point.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

Error key_in_use() {
    return {409, "idempotency_in_progress", "An upload with this Idempotency-Key is under way; try again in a moment.",
            "", std::chrono::seconds(1)};
}

Error key_reused() {
    return {422, "idempotency_key_reused",
            "This Idempotency-Key was used with another picture; take a new key for a new picture."};
}

Error photo_deleted() {
    return {410, "photo_deleted", "The photo that was uploaded with this Idempotency-Key was deleted."};
}

}  // namespace

asio::awaitable<Result<Intake::Taken>> Intake::take(Request& request, Caller& caller) {
    if (!parts_.disk.takes_uploads()) co_return fail(507, "storage_full", "There is no room left to store this.");
    auto repetition = co_await find_repetition(request, caller);
    if (!repetition) co_return std::unexpected(std::move(repetition.error()));
    if (!repetition->photo) {
        const auto allowed = co_await parts_.quotas.check(request, caller, request.body->announced_bytes().value_or(0));
        if (!allowed) co_return std::unexpected(allowed.error());
    }
    auto picture = co_await receive(request);
    if (!picture) co_return std::unexpected(std::move(picture.error()));
    if (repetition->mark && repetition->mark->sha256 != picture->sha256) co_return std::unexpected(key_reused());
    if (repetition->was_removed) co_return std::unexpected(photo_deleted());
    if (repetition->photo) co_return Taken{std::move(*repetition->photo), true};
    auto record = co_await store(request, caller, std::move(*picture), *repetition);
    if (!record) co_return std::unexpected(std::move(record.error()));
    co_return Taken{std::move(*record), false};
}

// The key stays claimed for as long as the answer lives, or what is done for it on a storage thread.
asio::awaitable<Result<Intake::Repetition>> Intake::find_repetition(Request& request, const Caller& caller) {
    Repetition repetition;
    const std::string key = join_headers(request.headers, "Idempotency-Key", ", ");
    if (count_headers(request.headers, "Idempotency-Key") == 0) co_return repetition;
    if (!is_idempotency_key(key)) {
        co_return fail(400, "bad_idempotency_key", "An Idempotency-Key has 1 to 128 visible ASCII characters.");
    }
    repetition.name = upload_mark_name(caller.owner, key);
    repetition.claim = claims_.claim(repetition.name);
    if (!repetition.claim) co_return std::unexpected(key_in_use());
    if (caller.is_first()) co_return repetition;
    const StageTimer timer(request.times.storage);
    const CallTerms terms{.deadline = request.deadline};
    auto look = [&marks = parts_.marks, name = repetition.name] { return marks.find(name, unix_milliseconds()); };
    auto mark = co_await offload(parts_.threads, std::move(look), terms);
    if (!mark) co_return std::unexpected(std::move(mark.error()));
    if (!*mark) co_return repetition;
    auto find = [&photos = parts_.photos, id = (*mark)->photo] { return photos.find(id); };
    auto photo = co_await offload(parts_.threads, std::move(find), terms);
    if (!photo) co_return std::unexpected(std::move(photo.error()));
    auto ask = [&photos = parts_.photos, id = (*mark)->photo] { return photos.is_removed(id); };
    const auto removed = co_await offload(parts_.threads, std::move(ask), terms);
    if (!removed) co_return std::unexpected(removed.error());
    repetition.was_removed = !*photo && ((*mark)->is_done || *removed);
    repetition.mark = std::move(*mark);
    repetition.photo = std::move(*photo);
    co_return repetition;
}

asio::awaitable<Result<ReceivedPicture>> Intake::receive(Request& request) {
    const auto begun = std::chrono::steady_clock::now();
    auto picture = co_await receive_picture(request, parts_.storage, parts_.threads, limits_);
    // The edge waits for an answer from the body's end on.
    if (request.deadline != Deadline::max()) request.deadline += std::chrono::steady_clock::now() - begun;
    co_return picture;
}

asio::awaitable<Result<PhotoRecord>> Intake::store(Request& request, Caller& caller, ReceivedPicture picture,
                                                   const Repetition& repetition) {
    const auto facts = co_await inspect(request, picture);
    if (!facts) co_return std::unexpected(facts.error());
    auto place = co_await parts_.quotas.take(request, caller, picture.bytes);
    if (!place) co_return std::unexpected(std::move(place.error()));
    PhotoRecord record;
    record.id = repetition.mark ? repetition.mark->photo : new_id();
    record.owner = caller.owner;
    record.created_ms = repetition.mark ? repetition.mark->created_ms : unix_milliseconds();
    record.width = facts->width;
    record.height = facts->height;
    record.format = name(facts->format);
    record.bytes = picture.bytes;
    record.sha256 = std::move(picture.sha256);
    record.has_alpha = facts->has_alpha;
    record.appearance = {.frames = facts->frames,
                         .orientation = facts->orientation,
                         .dominant_colour = "#" + format_colour(facts->dominant_colour),
                         .thumbhash = base64_encode(facts->thumbhash.text())};
    Result<void> added;
    if (caller.session && caller.session->is_new) added = co_await parts_.sessions.save(request, *caller.session);
    if (added) added = co_await keep_owner(request, record);
    if (added && repetition.claim) {
        added = co_await add_marked(request, record, std::move(picture.file), repetition);
    } else if (added) {
        added = co_await add(request, record, std::move(picture.file));
    }
    if (added) co_return record;
    co_await parts_.quotas.give_back(std::move(*place));
    co_return std::unexpected(std::move(added.error()));
}

asio::awaitable<Result<void>> Intake::keep_owner(Request& request, const PhotoRecord& record) {
    const StageTimer timer(request.times.storage);
    co_return co_await parts_.owners.keep(record.owner, record.created_ms / 1000, request.deadline);
}

// A photo whose upload was refused is not to appear, however late the storage gets to it.
asio::awaitable<Result<void>> Intake::add(Request& request, const PhotoRecord& record,
                                          std::shared_ptr<TempFile> original) {
    const StageTimer timer(request.times.storage);
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    auto work = [&photos = parts_.photos, record, original = std::move(original)](const std::stop_token& given_up) {
        return photos.add(record, std::move(*original), given_up);
    };
    auto late = [&photos = parts_.photos, record](const Result<void>& added) {
        if (added) (void)photos.take_back(record);
    };
    co_return co_await offload(parts_.threads, std::move(work), terms, std::move(late));
}

// One that may be repeated is never taken back: at another backend the repetition may have been acknowledged by now.
// What is left unfinished goes with its mark.
asio::awaitable<Result<void>> Intake::add_marked(Request& request, const PhotoRecord& record,
                                                 std::shared_ptr<TempFile> original, const Repetition& repetition) {
    const StageTimer timer(request.times.storage);
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    UploadMark mark{record.owner, record.id, record.created_ms, record.sha256, false};
    auto work = [&photos = parts_.photos, &marks = parts_.marks, record, mark, name = repetition.name,
                 claim = repetition.claim,
                 original = std::move(original)](const std::stop_token& given_up) mutable -> Result<void> {
        // Not beyond the end of this: who repeats an upload that was answered does not find it under way.
        const auto held = std::move(claim);
        if (auto marked = marks.put(name, mark); !marked) return marked;
        THUMB_FAULT_POINT("upload-marked");
        if (auto stored = photos.store(record, std::move(*original), given_up); !stored) return stored;
        THUMB_FAULT_POINT("upload-stored");
        mark.is_done = true;
        // The photo is there, and is found by its mark as it is.
        (void)marks.put(name, mark);
        return {};
    };
    co_return co_await offload(parts_.threads, std::move(work), terms);
}

asio::awaitable<Result<PictureFacts>> Intake::inspect(Request& request, const ReceivedPicture& picture) {
    // On a thread for writes: the file is where what is written goes.
    const CallTerms terms_of_opening{.access = Access::write, .deadline = request.deadline};
    auto work = [file = picture.file] { return file->open_for_reading(); };
    auto source = co_await offload(parts_.threads, std::move(work), terms_of_opening);
    if (!source) co_return std::unexpected(std::move(source.error()));
    const StageTimer timer(request.times.convert);
    JobTerms terms{.lane = Lane::upload,
                   .deadline = request.deadline,
                   .client = request.identity.client,
                   .digest = picture.sha256,
                   .source_bytes = picture.bytes,
                   .is_svg = picture.is_svg};
    co_return co_await parts_.pool.inspect(std::move(*source), std::move(terms));
}

}  // namespace thumbgate
