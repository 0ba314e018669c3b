#include "backend/photos/records.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "backend/units.hpp"

namespace thumbgate {
namespace json = boost::json;
namespace {

// Reads the members of one object; `ok` is false once one was missing or of another type.
class Members {
  public:
    explicit Members(std::string_view text) {
        boost::system::error_code error;
        value_ = json::parse(text, error);
        ok_ = !error && value_.is_object();
    }

    std::string text(std::string_view name) {
        const json::value* member = find(name);
        if (member == nullptr || !member->is_string()) return fail<std::string>();
        return json::value_to<std::string>(*member);
    }

    std::vector<std::string> texts(std::string_view name) {
        const json::value* member = find(name);
        std::vector<std::string> all;
        if (member == nullptr || !member->is_array()) return fail<std::vector<std::string>>();
        for (const json::value& item : member->get_array()) {
            if (!item.is_string()) return fail<std::vector<std::string>>();
            all.push_back(json::value_to<std::string>(item));
        }
        return all;
    }

    template <typename Number>
    Number number(std::string_view name) {
        const json::value* member = find(name);
        boost::system::error_code error;
        const Number number = member != nullptr ? member->to_number<Number>(error) : 0;
        return member == nullptr || error ? fail<Number>() : number;
    }

    bool flag(std::string_view name) {
        const json::value* member = find(name);
        return member == nullptr || !member->is_bool() ? fail<bool>() : member->get_bool();
    }

    // Of a member that records of an earlier version do not have.
    bool has(std::string_view name) const { return find(name) != nullptr; }

    bool ok() const { return ok_; }

  private:
    const json::value* find(std::string_view name) const {
        return ok_ ? value_.get_object().if_contains(name) : nullptr;
    }
    template <typename T>
    T fail() {
        ok_ = false;
        return T{};
    }

    json::value value_;
    bool ok_ = false;
};

Appearance appearance_in(Members& members) {
    Appearance appearance;
    appearance.frames = members.number<std::uint32_t>("frames");
    appearance.orientation = members.number<std::uint8_t>("orientation");
    appearance.dominant_colour = members.text("dominant_color");
    appearance.thumbhash = members.text("thumbhash");
    return appearance;
}

void add_appearance(const Appearance& appearance, json::object& members) {
    members["frames"] = appearance.frames;
    members["orientation"] = appearance.orientation;
    members["dominant_color"] = appearance.dominant_colour;
    members["thumbhash"] = appearance.thumbhash;
}

json::object photo_object(const PhotoRecord& record) {
    json::object members{
        {"id", record.id},       {"owner", record.owner},   {"created_ms", record.created_ms},
        {"width", record.width}, {"height", record.height}, {"format", record.format},
        {"bytes", record.bytes}, {"sha256", record.sha256}, {"has_alpha", record.has_alpha},
    };
    if (record.appearance) add_appearance(*record.appearance, members);
    return members;
}

PhotoRecord read_photo(Members& members) {
    PhotoRecord record;
    record.id = members.text("id");
    record.owner = members.text("owner");
    record.created_ms = members.number<std::uint64_t>("created_ms");
    record.width = members.number<std::uint32_t>("width");
    record.height = members.number<std::uint32_t>("height");
    record.format = members.text("format");
    record.bytes = members.number<std::uint64_t>("bytes");
    record.sha256 = members.text("sha256");
    record.has_alpha = members.flag("has_alpha");
    if (members.has("thumbhash")) record.appearance = appearance_in(members);
    return record;
}

}  // namespace

std::string encode(const PhotoRecord& record) {
    return json::serialize(photo_object(record));
}

std::string encode(const Tombstone& record) {
    json::object object = photo_object(record.photo);
    object["deleted"] = record.deleted;
    object["restorable_until"] = record.restorable_until;
    return json::serialize(object);
}

std::string encode(const LinkRecord& record) {
    return json::serialize(json::object{
        {"id", record.id},
        {"owner", record.owner},
        {"photos", json::array(record.photos.begin(), record.photos.end())},
        {"name", record.name},
        {"created", record.created},
        {"expires", record.expires},
        {"options", record.options},
        {"session", record.session},
        {"original", record.original},
    });
}

std::string encode(const QuarantineRecord& record) {
    return json::serialize(json::object{
        {"digest", record.digest},
        {"reason", record.reason},
        {"source", record.source},
        {"strikes", record.strikes},
        {"first", record.first},
        {"last", record.last},
    });
}

bool is_digest(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<PhotoRecord> decode_photo(std::string_view text) {
    Members members(text);
    PhotoRecord record = read_photo(members);
    if (!members.ok() || !is_id(record.id) || !is_id(record.owner)) return std::nullopt;
    return record;
}

std::optional<Tombstone> decode_tombstone(std::string_view text) {
    auto photo = decode_photo(text);
    if (!photo) return std::nullopt;
    Members members(text);
    Tombstone record{std::move(*photo), members.number<std::uint64_t>("deleted"),
                     members.number<std::uint64_t>("restorable_until")};
    if (!members.ok()) record.deleted = record.restorable_until = 0;
    return record;
}

std::optional<LinkRecord> decode_link(std::string_view text) {
    Members members(text);
    LinkRecord record;
    record.id = members.text("id");
    record.owner = members.text("owner");
    record.photos = members.texts("photos");
    record.name = members.text("name");
    record.created = members.number<std::uint64_t>("created");
    record.expires = members.number<std::uint64_t>("expires");
    record.options = members.text("options");
    record.session = members.text("session");
    if (members.has("original")) record.original = members.flag("original");
    const bool ok = members.ok() && is_id(record.id) && is_id(record.owner) && !record.photos.empty() &&
                    std::ranges::all_of(record.photos, is_id);
    return ok ? std::optional(std::move(record)) : std::nullopt;
}

std::optional<QuarantineRecord> decode_quarantine(std::string_view text) {
    Members members(text);
    QuarantineRecord record;
    record.digest = members.text("digest");
    record.reason = members.text("reason");
    record.source = members.text("source");
    record.strikes = members.number<std::uint32_t>("strikes");
    record.first = members.number<std::uint64_t>("first");
    record.last = members.number<std::uint64_t>("last");
    if (!members.ok() || !is_digest(record.digest)) return std::nullopt;
    return record;
}

}  // namespace thumbgate
