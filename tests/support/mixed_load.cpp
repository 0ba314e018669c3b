#include "tests/support/mixed_load.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/support/photos.hpp"
#include "tests/support/stored_photos.hpp"

namespace thumbgate::test {

namespace {

constexpr auto kPatience = 60s;  // longer than anything that answers
constexpr std::size_t kMaxLines = 50;
constexpr int kMaxWidth = 600;  // pixels of a thumbnail

struct Picture {
    std::filesystem::path file;
    std::string checksum;
};

const std::vector<Picture>& pictures() {
    static const std::vector<Picture> all = [] {
        std::vector<Picture> made;
        for (const auto& photo : {photos::flower(), photos::meadow(), photos::dune(), photos::storm()}) {
            made.push_back({photo.path, checksum_of(photo.path)});
        }
        return made;
    }();
    return all;
}

bool is_known(const std::string& checksum) {
    return std::ranges::any_of(pictures(), [&](const Picture& picture) { return picture.checksum == checksum; });
}

std::set<std::string> ids_of(const Response& page) {
    std::set<std::string> ids;
    const json::value listed = parse_json(page.body);
    for (const auto& photo : listed.at("photos").as_array()) ids.insert(text_at(photo, "id"));
    return ids;
}

}  // namespace

std::string lines(const std::vector<std::string>& all) {
    std::string text;
    for (const std::string& line : all) text += line + "\n";
    return text;
}

struct MixedLoad::Visitor {
    explicit Visitor(unsigned number) : random(number) {}

    std::mt19937 random;
    CookieJar jar;
    std::map<std::string, std::string> kept;  // id → checksum
    std::set<std::string> deleted;

    std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random); }
    const std::string& any() { return std::next(kept.begin(), static_cast<std::ptrdiff_t>(pick(kept.size())))->first; }
};

std::vector<ConfEdit> MixedLoad::without_rate_limits() {
    return {{"nginx.conf", "rate=100r/s", "rate=100000r/s"}, {"nginx.conf", "rate=5r/s", "rate=100000r/s"}};
}

MixedLoad::MixedLoad(const Stack& stack, MixedLoadOptions options) : stack_(stack), options_(std::move(options)) {
    for (unsigned i = 0; i < options_.visitors; ++i) {
        Visitor& visitor = *visitors_.emplace_back(std::make_unique<Visitor>(i));
        const Uploaded first = stack.upload(photos::flower(), &visitor.jar);
        visitor.kept.emplace(first.id, pictures().front().checksum);
    }
    for (const auto& visitor : visitors_) threads_.emplace_back([this, &visitor = *visitor] { visit(visitor); });
}

MixedLoad::~MixedLoad() {
    stop();
}

void MixedLoad::stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

std::vector<std::string> MixedLoad::failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
}

std::vector<std::string> MixedLoad::wrong() const {
    const std::lock_guard lock(mutex_);
    return wrong_;
}

// --- what a visitor does

void MixedLoad::visit(Visitor& visitor) {
    while (!stopping_) {
        const std::size_t what = visitor.pick(100);
        if (visitor.kept.empty() || (what < 20 && visitor.kept.size() < options_.max_photos)) {
            upload(visitor);
        } else if (what < 30) {
            remove(visitor);
        } else if (what < 45) {
            list(visitor);
        } else {
            look(visitor);
        }
        std::this_thread::sleep_for(options_.pause);
    }
}

void MixedLoad::upload(Visitor& visitor) {
    const Picture& picture = pictures()[visitor.pick(pictures().size())];
    const Response response = stack_.send({.url = "/api/photos",
                                           .method = "POST",
                                           .form = {{.name = "photo", .file = picture.file}},
                                           .jar = &visitor.jar,
                                           .timeout = kPatience});
    if (!is_answered(response, "an upload", 201)) return;
    visitor.kept.emplace(photo_in(parse_json(response.body)).id, picture.checksum);
    ++uploaded_;
}

void MixedLoad::look(Visitor& visitor) {
    const std::string width = std::to_string(1 + visitor.pick(kMaxWidth));
    const std::string& accept = options_.accepts[visitor.pick(options_.accepts.size())];
    const std::string target = stack_.thumbnail(visitor.any(), "/w:" + width);
    is_answered(stack_.send({.url = target, .headers = {{"Accept", accept}}, .timeout = kPatience}), "a thumbnail",
                200);
}

void MixedLoad::list(Visitor& visitor) {
    const Response page = stack_.send({.url = "/api/photos?limit=200", .jar = &visitor.jar, .timeout = kPatience});
    if (!is_answered(page, "a listing", 200)) return;
    const std::set<std::string> listed = ids_of(page);
    for (const auto& [id, checksum] : visitor.kept) {
        if (!listed.contains(id)) note(wrong_, "a photo is missing from its list: " + id);
    }
    for (const std::string& id : visitor.deleted) {
        if (listed.contains(id)) note(wrong_, "a deleted photo is in its list: " + id);
    }
}

void MixedLoad::remove(Visitor& visitor) {
    const std::string id = visitor.any();
    const Response response =
        stack_.send({.url = "/api/photos/" + id, .method = "DELETE", .jar = &visitor.jar, .timeout = kPatience});
    visitor.kept.erase(id);
    if (response.status == 404) ++repeated_;
    // What was not answered may be deleted or not.
    if (response.status == 404 || is_answered(response, "a deletion", 204)) visitor.deleted.insert(id);
}

bool MixedLoad::is_answered(const Response& response, const std::string& what, int good) {
    ++requests_;
    if (response.status == good) return true;
    std::ostringstream line;
    line << what << " after " << response.elapsed.count() << " ms: " << response;
    const bool is_failure = response.status == 0 || response.status >= 500;
    if (is_failure) ++failed_;
    note(is_failure ? failures_ : wrong_, line.str());
    return false;
}

void MixedLoad::note(std::vector<std::string>& lines, const std::string& line) const {
    const std::lock_guard lock(mutex_);
    if (lines.size() < kMaxLines) lines.push_back(line);
}

// --- what is left of it

std::vector<std::string> MixedLoad::losses() const {
    std::vector<std::string> lines;
    for (const auto& visitor : visitors_) {
        check_list(*visitor, lines);
        check_storage(*visitor, lines);
    }
    return lines;
}

void MixedLoad::check_list(const Visitor& visitor, std::vector<std::string>& lines) const {
    CookieJar jar = visitor.jar;
    const Response page = stack_.get("/api/photos?limit=200", {}, &jar);
    if (page.status != 200) return lines.push_back("there is no list of a visitor's photos");
    const StoredPhotos stored(stack_.dir() / "photos");
    const std::set<std::string> listed = ids_of(page);
    for (const auto& [id, checksum] : visitor.kept) {
        if (!listed.contains(id)) lines.push_back("an acknowledged upload is not listed: " + id);
    }
    for (const std::string& id : listed) {
        if (visitor.deleted.contains(id)) lines.push_back("a deleted photo is listed: " + id);
        if (!is_known(checksum_of(stored.folder_of(id) / "original"))) lines.push_back("listed, and not whole: " + id);
    }
}

void MixedLoad::check_storage(const Visitor& visitor, std::vector<std::string>& lines) const {
    const StoredPhotos stored(stack_.dir() / "photos");
    for (const auto& [id, checksum] : visitor.kept) {
        if (!stored.is_whole(id, checksum)) lines.push_back("an acknowledged upload is not whole: " + id);
    }
    for (const std::string& id : visitor.deleted) {
        if (std::filesystem::exists(stored.folder_of(id))) lines.push_back("a deleted photo is still stored: " + id);
        const bool is_gone = wait_until(10s, [&] { return stack_.get(stack_.thumbnail(id, "/w:160")).status == 404; });
        if (!is_gone) lines.push_back("a deleted photo is still served: " + id);
    }
}

}  // namespace thumbgate::test
