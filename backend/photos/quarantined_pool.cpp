#include "backend/photos/quarantined_pool.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

// How many an overrun counts for. An AVIF of a large picture takes long by its nature, on a converter of low priority:
// that says nothing about the picture.
std::uint32_t overrun_strikes(const Conversion& conversion, Lane lane) {
    const bool may_be_avif = conversion.options.format.value_or(Format::avif) == Format::avif &&
                             (conversion.options.format || conversion.accepted.has(Format::avif));
    return may_be_avif || lane == Lane::background ? 0 : 1;
}

// 0: not the picture's doing.
std::uint32_t strikes_of(const Error& error, std::uint32_t of_overrun) {
    if (error.code == kCrashed) return kStrikesOut;
    return error.code == kTimedOut ? of_overrun : 0;
}

std::unexpected<Error> refusal(const QuarantineRecord& record) {
    return fail(422, std::string(kQuarantined),
                "This picture made the program that converts it fail before, so that it is not tried again; only the "
                "operator can release it.",
                record.digest + ": " + record.reason);
}

}  // namespace

asio::awaitable<Result<Picture>> QuarantinedPool::convert(UniqueFd source, Conversion conversion, JobTerms terms) {
    auto admitted = co_await admit(terms);
    if (!admitted) co_return std::unexpected(std::move(admitted.error()));
    std::string name = conversion.source;
    const std::uint32_t of_overrun = overrun_strikes(conversion, terms.lane);
    terms.on_unheard_offence = note_of_unheard(co_await asio::this_coro::executor, of_overrun, terms.digest, name);
    auto picture = co_await pool_->convert(std::move(source), std::move(conversion), terms);
    if (!picture) co_await take_note(picture.error(), strikes_of(picture.error(), of_overrun), terms.digest, name);
    co_return picture;
}

asio::awaitable<Result<PictureFacts>> QuarantinedPool::inspect(UniqueFd source, JobTerms terms) {
    auto admitted = co_await admit(terms);
    if (!admitted) co_return std::unexpected(std::move(admitted.error()));
    terms.on_unheard_offence = note_of_unheard(co_await asio::this_coro::executor, 1, terms.digest, std::string());
    auto facts = co_await pool_->inspect(std::move(source), terms);
    if (!facts) co_await take_note(facts.error(), strikes_of(facts.error(), 1), terms.digest, std::string());
    co_return facts;
}

asio::awaitable<Result<void>> QuarantinedPool::admit(JobTerms terms) {
    if (!is_digest(terms.digest)) co_return Result<void>();
    auto work = [&quarantine = quarantine_, digest = terms.digest] { return quarantine.find(digest); };
    // An upload needs the threads for writes alone: it goes on while reads hang.
    const Access access = terms.lane == Lane::upload ? Access::write : Access::read;
    const CallTerms call{.access = access, .deadline = terms.deadline};
    const auto record = co_await offload(threads_, std::move(work), call);
    if (!record) co_return std::unexpected(record.error());
    if (!*record || !is_quarantined(**record)) co_return Result<void>();
    observer_.on_quarantine_refused();
    co_return refusal(**record);
}

std::function<void(Offence)> QuarantinedPool::note_of_unheard(asio::any_io_executor executor, std::uint32_t of_overrun,
                                                              std::string digest, std::string source) {
    return [this, executor = std::move(executor), of_overrun, digest = std::move(digest),
            source = std::move(source)](Offence offence) {
        const bool overran = offence == Offence::overran;
        const std::uint32_t of_crash = offence == Offence::broke_two ? kStrikesOut : 1;
        Error error{422, std::string(overran ? kTimedOut : kCrashed), {}};
        auto note = take_note(std::move(error), overran ? of_overrun : of_crash, digest, source);
        asio::co_spawn(executor, std::move(note), asio::detached);
    };
}

asio::awaitable<void> QuarantinedPool::take_note(Error error, std::uint32_t strikes, std::string digest,
                                                 std::string source) {
    if (strikes == 0 || !is_digest(digest)) co_return;
    QuarantineRecord offence;
    offence.digest = digest;
    offence.reason = error.code;
    offence.source = std::move(source);
    offence.strikes = strikes;
    auto work = [&quarantine = quarantine_, offence] { return quarantine.strike(offence, unix_seconds()); };
    // However little time its caller has left: the strike has to be remembered.
    const CallTerms call{.access = Access::write};
    const auto record = co_await offload(threads_, std::move(work), call);
    if (!record) co_return observer_.on_strike_lost(digest, record.error().detail);
    const bool was_quarantined = record->strikes - strikes >= kStrikesOut;  // by a job at the same time
    if (is_quarantined(*record) && !was_quarantined) observer_.on_quarantined(*record);
}

}  // namespace thumbgate
