#include "backend/conversion/pixel_shares.hpp"

#include <algorithm>
#include <utility>

#include "backend/conversion/job.hpp"

namespace thumbgate {

using Clock = std::chrono::steady_clock;

PixelShares::PixelShares(const boost::asio::any_io_executor& executor, std::chrono::milliseconds lifetime)
    : state_(std::make_shared<State>(executor)), lifetime_(lifetime) {}

std::list<PixelShares::Share>::iterator PixelShares::touch(const SourceDigest& source) {
    auto& shares = state_->shares;
    const auto share = std::ranges::find(shares, source, &Share::source);
    if (share == shares.end()) return share;
    share->asked_for = Clock::now();
    shares.splice(shares.begin(), shares, share);
    return share;
}

std::shared_ptr<const UniqueFd> PixelShares::find(const SourceDigest& source) {
    const auto share = touch(source);
    return share == state_->shares.end() ? nullptr : share->file;
}

std::shared_ptr<const UniqueFd> PixelShares::find_or_make(const SourceDigest& source, std::uint32_t side) {
    const auto share = touch(source);
    if (share != state_->shares.end() && share->side >= side) return share->file;
    auto file = make_output(kSharedPixelsBytes);
    if (!file) return nullptr;
    forget(source);
    auto& shares = state_->shares;
    if (shares.size() == kMost) shares.pop_back();
    shares.push_front({source, side, std::make_shared<const UniqueFd>(std::move(*file)), Clock::now()});
    if (!std::exchange(state_->is_waiting, true)) wait(state_, lifetime_);
    return shares.front().file;
}

void PixelShares::forget(const SourceDigest& source) {
    state_->shares.remove_if([&](const Share& share) { return share.source == source; });
}

// The timer waits for the first that can be over, as long as there are any.
void PixelShares::wait(const std::shared_ptr<State>& state, std::chrono::milliseconds lifetime) {
    state->timer.expires_at(state->shares.back().asked_for + lifetime);
    state->timer.async_wait([weak = std::weak_ptr(state), lifetime](const boost::system::error_code& error) {
        const auto waited = weak.lock();
        if (error || !waited) return;
        const auto last = Clock::now() - lifetime;
        waited->shares.remove_if([last](const Share& share) { return share.asked_for <= last; });
        waited->is_waiting = !waited->shares.empty();
        if (waited->is_waiting) wait(waited, lifetime);
    });
}

}  // namespace thumbgate
