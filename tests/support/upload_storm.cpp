#include "tests/support/upload_storm.hpp"

#include <random>
#include <set>
#include <sstream>

#include "contract/encoding.hpp"
#include "contract/hmac.hpp"
#include "tests/support/failure.hpp"
#include "tests/support/numbered_photo.hpp"
#include "tests/support/stored_photos.hpp"

namespace thumbgate::test {

namespace {

constexpr unsigned kUploaders = 4;
constexpr auto kPatience = 60s;  // with one upload and its repetitions
constexpr auto kPause = 30ms;    // before one is repeated
constexpr std::size_t kMaxLines = 50;

const std::vector<std::string>& pictures() {
    static const std::vector<std::string> kPictures = [] {
        std::vector<std::string> all;
        for (const Photo& photo :
             {photos::flower(), photos::meadow(), photos::dune(), photos::storm(), photos::autumn(), photos::cups()}) {
            all.push_back(read_file(photo.path));
        }
        return all;
    }();
    return kPictures;
}

std::string describe(const Response& response) {
    std::ostringstream text;
    text << response;
    return text.str();
}

// Every photo of that session's owner, page by page. Throws where there is no such page.
std::vector<Uploaded> all_photos(const Stack& stack, CookieJar& jar) {
    std::vector<Uploaded> all;
    std::string cursor;
    do {
        const Response page = stack.get("/api/photos?limit=50&cursor=" + cursor, {}, &jar);
        if (page.status != 200) fail_fixture("there is no list of an owner's photos: " + describe(page));
        const json::value listed = parse_json(page.body);
        for (const auto& photo : listed.at("photos").as_array()) all.push_back(photo_in(photo));
        cursor = text_at(listed, "next");
    } while (!cursor.empty());
    return all;
}

}  // namespace

struct UploadStorm::Upload {
    std::size_t number = 0;
    std::size_t picture = 0;

    bool has_key() const { return number % 2 == 0; }
    bool has_digest() const { return number % 3 == 0; }
    std::string bytes() const { return numbered_photo(pictures().at(picture), number); }
};

struct UploadStorm::Owner {
    CookieJar jar;
    std::string recovery;
    std::set<std::string> sent;                                  // checksums
    std::map<std::string, std::pair<std::string, Upload>> kept;  // of what was accepted: checksum → id
};

UploadStorm::UploadStorm(const Stack& stack, std::size_t wanted) : stack_(stack), wanted_(wanted) {
    for (unsigned i = 0; i <= kUploaders; ++i) {
        Owner& owner = *owners_.emplace_back(std::make_unique<Owner>());
        const Upload first{.number = next_++, .picture = 0};
        if (!is_accepted(owner, first, send(first, owner.jar))) fail_fixture("an owner's first upload is refused");
        const Response made = stack.send({.url = "/api/sessions/recovery", .method = "POST", .jar = &owner.jar});
        if (made.status != 201) fail_fixture("there is no recovery link: " + describe(made));
        owner.recovery = text_at(parse_json(made.body), "secret");
    }
    accepted_ = 0;
    for (unsigned i = 0; i < kUploaders; ++i) threads_.emplace_back([this, i] { work(i); });
}

UploadStorm::~UploadStorm() {
    accepted_ = wanted_;
    join();
}

void UploadStorm::join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void UploadStorm::work(unsigned uploader) {
    std::mt19937 random(uploader);
    Owner& own = *owners_[uploader];
    Owner& common = *owners_.back();
    CookieJar own_jar = own.jar;
    CookieJar common_jar = common.jar;
    while (!is_over()) {
        const bool is_own = random() % 3 != 0;
        upload(is_own ? own : common, is_own ? own_jar : common_jar, random());
    }
}

void UploadStorm::upload(Owner& owner, CookieJar& jar, std::size_t number) {
    const Upload upload{.number = next_++, .picture = number % pictures().size()};
    {
        const std::lock_guard lock(mutex_);
        owner.sent.insert(hex_encode(sha256(upload.bytes())));
    }
    const bool accepted = wait_until(
        kPatience, [&] { return is_accepted(owner, upload, send(upload, jar)) || !upload.has_key(); }, kPause);
    if (!accepted) note("upload " + std::to_string(upload.number) + " is not accepted, however often it is repeated");
}

Response UploadStorm::send(const Upload& upload, CookieJar& jar) const {
    Request request{.url = "/api/photos",
                    .method = "POST",
                    .headers = {{"Content-Type", "image/jpeg"}},
                    .body = upload.bytes(),
                    .jar = &jar,
                    .timeout = kPatience};
    if (upload.has_key()) request.headers.add("Idempotency-Key", "upload-" + std::to_string(upload.number));
    if (upload.has_digest()) {
        const auto digest = sha256(request.body);
        const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
        request.headers.add("Content-Digest", "sha-256=:" + base64_encode(bytes) + ":");
    }
    return stack_.send(std::move(request));
}

bool UploadStorm::is_accepted(Owner& owner, const Upload& upload, const Response& response) {
    if (response.status == 201) {
        const std::string id = photo_in(parse_json(response.body)).id;
        const std::lock_guard lock(mutex_);
        owner.kept.emplace(hex_encode(sha256(upload.bytes())), std::pair(id, upload));
        ++accepted_;
        return true;
    }
    const bool is_in_progress = response.status == 409 && upload.has_key();
    if (is_in_progress) ++in_progress_;
    if (response.status == 0 || response.status >= 500) {
        ++failed_;
    } else if (!is_in_progress) {
        note("upload " + std::to_string(upload.number) + ": " + describe(response));
    }
    if (upload.has_key()) ++repeated_;
    return false;
}

void UploadStorm::note(const std::string& line) {
    const std::lock_guard lock(mutex_);
    if (wrong_.size() < kMaxLines) wrong_.push_back(line);
}

std::vector<std::string> UploadStorm::wrong() const {
    const std::lock_guard lock(mutex_);
    return wrong_;
}

// --- what is left of it

std::vector<std::string> UploadStorm::losses() const {
    std::vector<std::string> lines;
    const StoredPhotos stored(stack_.dir() / "photos");
    for (const auto& owner : owners_) {
        CookieJar jar = owner->jar;
        std::map<std::string, std::string> listed;  // checksum → id
        for (const Uploaded& photo : all_photos(stack_, jar)) {
            const std::string checksum = checksum_of(stored.folder_of(photo.id) / "original");
            if (!stored.is_whole(photo.id, checksum)) lines.push_back("listed, and not whole: " + photo.id);
            if (!owner->sent.contains(checksum) && !owner->kept.contains(checksum))
                lines.push_back("listed, and not what this owner sent: " + photo.id);
            if (!listed.emplace(checksum, photo.id).second) lines.push_back("listed twice: " + photo.id);
        }
        for (const auto& [checksum, kept] : owner->kept) {
            const auto found = listed.find(checksum);
            if (found == listed.end())
                lines.push_back("accepted, and not listed: " + kept.first);
            else if (found->second != kept.first)
                lines.push_back("listed by another id: " + kept.first);
        }
    }
    return lines;
}

std::vector<std::string> UploadStorm::wrong_repetitions() const {
    std::vector<std::string> lines;
    for (const auto& owner : owners_) {
        CookieJar jar = owner->jar;
        for (const auto& [checksum, kept] : owner->kept) {
            if (!kept.second.has_key() || kept.second.number % 10 != 0) continue;
            const Response again = send(kept.second, jar);
            const bool is_same = again.status == 201 && photo_in(parse_json(again.body)).id == kept.first;
            if (!is_same) lines.push_back(kept.first + " is answered by " + describe(again));
        }
    }
    return lines;
}

std::vector<std::string> UploadStorm::without_thumbnail() const {
    std::vector<std::string> lines;
    for (const auto& owner : owners_) {
        for (const auto& [checksum, kept] : owner->kept) {
            const std::string target = stack_.thumbnail(kept.first, "/w:64/f:jpeg");
            Response response;
            const bool is_made = wait_until(20s, [&] { return (response = stack_.get(target)).status == 200; });
            if (!is_made) lines.push_back(kept.first + ": " + describe(response));
        }
    }
    return lines;
}

std::vector<std::string> UploadStorm::not_recovered() {
    std::vector<std::string> lines;
    for (const auto& owner : owners_) {
        if (stack_.get("/api/photos", {}, &owner->jar).status != 401) lines.emplace_back("a session outlived Redis");
        owner->jar = CookieJar();
        const Response back = stack_.send({.url = "/api/sessions",
                                           .method = "POST",
                                           .body = R"({"recovery": ")" + owner->recovery + "\"}",
                                           .jar = &owner->jar});
        if (back.status != 201) {
            lines.push_back("an owner does not come back: " + describe(back));
            continue;
        }
        int64_t bytes = 0;
        const std::vector<Uploaded> photos = all_photos(stack_, owner->jar);
        for (const Uploaded& photo : photos) bytes += photo.bytes;
        const Response current = stack_.get("/api/sessions/current", {}, &owner->jar);
        const json::value quota = parse_json(current.body).at("quota");
        if (number_at(quota.at("photos"), "used") != static_cast<int64_t>(photos.size()) ||
            number_at(quota.at("bytes"), "used") != bytes) {
            lines.push_back("what is used is not what is listed: " + describe(current));
        }
    }
    return lines;
}

std::string UploadStorm::report() const {
    std::size_t listed = 0;
    std::size_t kept = 0;
    for (const auto& owner : owners_) {
        CookieJar jar = owner->jar;
        listed += all_photos(stack_, jar).size();
        kept += owner->kept.size();
    }
    const std::size_t originals = StoredPhotos(stack_.dir() / "photos").originals();
    std::ostringstream text;
    text << kept << " uploads accepted, " << failed_ << " answers lost or 5xx, " << repeated_ << " repeated, "
         << in_progress_ << " told that the first is under way; " << listed << " listed, of which " << listed - kept
         << " were never answered; " << originals - listed << " originals without a record";
    return text.str();
}

}  // namespace thumbgate::test
