#include "backend/photos/upload_marks.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace json = boost::json;
namespace {

constexpr std::uint64_t kMaxMark = 4 * 1024;           // bytes
constexpr std::uint64_t kLifetime = 24ULL * 3600'000;  // milliseconds
constexpr std::size_t kMaxKey = 128;                   // characters
constexpr std::size_t kNameBytes = 16;
constexpr std::string_view kMarks = "upload_marks/";

std::string key_of(const std::string& name) {
    return std::string(kMarks) + name;
}

std::string encode(const UploadMark& mark) {
    return json::serialize(json::object{{"owner", mark.owner},
                                        {"photo", mark.photo},
                                        {"created_ms", mark.created_ms},
                                        {"sha256", mark.sha256},
                                        {"done", mark.is_done}});
}

std::optional<UploadMark> decode(std::string_view text) try {
    const json::value value = json::parse(text);
    UploadMark mark;
    mark.owner = json::value_to<std::string>(value.at("owner"));
    mark.photo = json::value_to<std::string>(value.at("photo"));
    mark.created_ms = value.at("created_ms").to_number<std::uint64_t>();
    mark.sha256 = json::value_to<std::string>(value.at("sha256"));
    mark.is_done = value.at("done").as_bool();
    if (!is_id(mark.owner) || !is_id(mark.photo) || !is_digest(mark.sha256)) return std::nullopt;
    return mark;
} catch (const std::exception&) {
    return std::nullopt;
}

bool is_old(const UploadMark& mark, std::uint64_t now_ms) {
    return now_ms > mark.created_ms + kLifetime;
}

}  // namespace

bool is_idempotency_key(std::string_view text) {
    const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
    return !text.empty() && text.size() <= kMaxKey && std::ranges::all_of(text, is_visible);
}

std::string upload_mark_name(std::string_view owner, std::string_view key) {
    const Sha256 digest = sha256(std::string(owner).append("\n").append(key));
    return hex_encode(std::span(digest).first<kNameBytes>());
}

Result<std::optional<UploadMark>> UploadMarks::find(const std::string& name, std::uint64_t now_ms) {
    const auto text = read_object(storage_, key_of(name), kMaxMark);
    if (!text) return std::unexpected(text.error());
    if (!*text) return std::optional<UploadMark>();
    auto mark = decode(**text);
    if (!mark) return fail(500, "damaged_record", "A record in the storage is damaged.", key_of(name));
    Result<std::optional<UploadMark>> found;
    if (!is_old(*mark, now_ms)) found->emplace(std::move(*mark));
    return found;
}

Result<void> UploadMarks::put(const std::string& name, const UploadMark& mark) {
    return storage_.put(key_of(name), encode(mark));
}

Result<std::size_t> UploadMarks::sweep(std::uint64_t now_ms, std::size_t most) {
    const auto keys = storage_.list(kMarks);
    if (!keys) return std::unexpected(keys.error());
    std::size_t removed = 0;
    for (const std::string& key : *keys) {
        if (removed == most) break;
        const auto text = read_object(storage_, key, kMaxMark);
        if (!text) return std::unexpected(text.error());
        const auto mark = *text ? decode(**text) : std::nullopt;
        if (!mark || !is_old(*mark, now_ms)) continue;
        if (const auto forgotten = forget(key, *mark); !forgotten) return std::unexpected(forgotten.error());
        ++removed;
    }
    return removed;
}

Result<void> UploadMarks::forget(const std::string& key, const UploadMark& mark) {
    const auto is_removed = photos_.is_removed(mark.photo);
    if (!is_removed) return std::unexpected(is_removed.error());
    const auto photo = photos_.find(mark.photo);
    if (!photo) return std::unexpected(photo.error());
    if (!mark.is_done && !*is_removed && !*photo) {
        PhotoRecord unfinished;
        unfinished.id = mark.photo;
        unfinished.owner = mark.owner;
        unfinished.created_ms = mark.created_ms;
        if (auto taken = photos_.take_back(unfinished); !taken) return taken;
    }
    return storage_.remove(key);
}

std::shared_ptr<void> UploadClaims::claim(const std::string& name) {
    const std::lock_guard lock(names_->mutex);
    if (!names_->held.insert(name).second) return nullptr;
    const auto release = [names = names_, name](void* /*names*/) {
        const std::lock_guard releasing(names->mutex);
        names->held.erase(name);
    };
    return {names_.get(), release};
}

}  // namespace thumbgate
