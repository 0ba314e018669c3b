#include "backend/conversion/pixel_shares.hpp"

#include <algorithm>
#include <utility>

#include "backend/conversion/job.hpp"

namespace thumbgate {

using Clock = std::chrono::steady_clock;

PixelShares::PixelShares(const boost::asio::any_io_executor& executor, std::chrono::milliseconds lifetime)
    : state_(std::make_shared<State>(executor)), lifetime_(lifetime) {}

std::shared_ptr<const UniqueFd> PixelShares::find(const SourceDigest& source) const {
    const auto share = std::ranges::find(state_->shares, source, &Share::source);
    return share == state_->shares.end() ? nullptr : share->file;
}

std::shared_ptr<const UniqueFd> PixelShares::find_or_make(const SourceDigest& source, std::uint32_t side) {
    auto& shares = state_->shares;
    const auto share = std::ranges::find(shares, source, &Share::source);
    if (share != shares.end() && share->side >= side) return share->file;
    auto file = make_output(kSharedPixelsBytes);
    if (!file) return nullptr;
    forget(source);
    if (shares.size() == kMost) shares.pop_front();
    shares.push_back({source, side, std::make_shared<const UniqueFd>(std::move(*file)), Clock::now() + lifetime_});
    if (!std::exchange(state_->is_waiting, true)) wait(state_);
    return shares.back().file;
}

void PixelShares::forget(const SourceDigest& source) {
    std::erase_if(state_->shares, [&](const Share& share) { return share.source == source; });
}

void PixelShares::wait(const std::shared_ptr<State>& state) {
    state->timer.expires_at(state->shares.front().end);
    state->timer.async_wait([weak = std::weak_ptr(state)](const boost::system::error_code& error) {
        const auto waited = weak.lock();
        if (error || !waited) return;
        std::erase_if(waited->shares, [now = Clock::now()](const Share& share) { return share.end <= now; });
        waited->is_waiting = !waited->shares.empty();
        if (waited->is_waiting) wait(waited);
    });
}

}  // namespace thumbgate
