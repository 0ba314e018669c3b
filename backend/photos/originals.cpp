#include "backend/photos/originals.hpp"

#include <utility>

#include "backend/conversion/formats.hpp"
#include "backend/http/problem.hpp"
#include "backend/http/range.hpp"
#include "backend/photos/pictures.hpp"
#include "backend/photos/stored_body.hpp"

namespace thumbgate {
namespace {

// Counted as long as it is there. What goes wrong is told by `whose`, for the log.
class OriginalBody final : public BodySource {
  public:
    OriginalBody(StoredBody body, std::shared_ptr<void> place, std::string whose)
        : body_(std::move(body)), place_(std::move(place)), whose_(std::move(whose)) {}

    std::uint64_t size() const override { return body_.size(); }
    boost::asio::awaitable<Result<std::string_view>> next() override {
        auto piece = co_await body_.next();
        if (!piece) piece.error().detail += whose_;
        co_return piece;
    }

  private:
    StoredBody body_;
    std::shared_ptr<void> place_;
    std::string whose_;
};

std::shared_ptr<void> take_place(const std::shared_ptr<std::size_t>& count) {
    ++*count;
    return {count.get(), [count](void* /*count*/) { --*count; }};
}

// Of a record of a later version the format may not be known here.
std::string media_type_of(const std::string& format) {
    const auto known = source_format(format);
    return std::string(known ? media_type(*known) : "application/octet-stream");
}

std::string file_name(const std::string& name, const std::string& format) {
    if (!source_format(format)) return name;
    return name + "." + (format == "jpeg" ? "jpg" : format);
}

// It is a stranger's file on this site's own origin: an SVG could hold a script. So it is saved, and if it is shown all
// the same it may do nothing.
void describe(Response& response, const Original& original, const std::string& name) {
    response.set("Content-Type", media_type_of(original.format));
    response.set("Content-Disposition", "attachment; filename=\"" + file_name(name, original.format) + "\"");
    response.set("Content-Security-Policy", "default-src 'none'; sandbox");
    response.set("X-Robots-Tag", "noindex");
}

Response out_of_range(const Request& request, const RangeChoice& choice, std::uint64_t size) {
    Error error{416, "no_such_range",
                "The file has " + std::to_string(size) + " bytes, and none of them is asked for."};
    Response response = problem(std::move(error), request.request_id);
    response.set("Content-Range", content_range(choice, size));
    return response;
}

}  // namespace

boost::asio::awaitable<Result<Response>> Originals::send(Request& request, std::string photo, std::string name) {
    if (*under_way_ >= limits_.max_at_once) {
        co_return fail_unavailable("busy", "Too many originals are being sent; try again in a moment.");
    }
    auto place = take_place(under_way_);
    std::string whose = ": original of " + photo + ", request " + request.request_id;
    Result<std::optional<Original>> original;
    {
        const StageTimer timer(request.times.storage);
        auto work = [&photos = photos_, photo = std::move(photo)] { return photos.open_original(photo); };
        original = co_await offload(threads_, std::move(work), {.deadline = request.deadline});
    }
    if (!original) co_return std::unexpected(std::move(original.error()));
    if (!*original) co_return no_such_photo();
    const std::uint64_t size = (*original)->object.size;
    const std::string etag = '"' + (*original)->sha256 + '"';
    const RangeChoice choice = choose_range(request, size, etag);
    StoredBody body(threads_, std::move((*original)->object), choice.range);
    if (choice.kind == RangeChoice::Kind::none) co_return out_of_range(request, choice, size);
    Response response;
    describe(response, **original, name);
    response.set("Cache-Control", "private, no-store");
    response.set("Accept-Ranges", "bytes");
    response.set("ETag", etag);
    if (choice.kind == RangeChoice::Kind::part) {
        response.status = 206;
        response.set("Content-Range", content_range(choice, size));
    }
    response.source = std::make_shared<OriginalBody>(std::move(body), std::move(place), std::move(whose));
    co_return response;
}

}  // namespace thumbgate
