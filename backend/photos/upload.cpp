#include "backend/photos/upload.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <new>
#include <optional>
#include <span>

#include "backend/http/content_digest.hpp"
#include "backend/http/multipart.hpp"
#include "backend/photos/picture_sink.hpp"
#include "backend/units.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kWriteBytes = 128 * 1024;  // collected before a thread writes them

class Sha256Stream {
  public:
    Sha256Stream() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
    }
    void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
    std::string hex() {
        Sha256 digest{};
        EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
        return hex_encode(digest);
    }

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

// Where the bytes go, on a storage thread.
struct Writer {
    TempFile file;
    Sha256Stream digest;

    Result<void> write(const std::string& bytes) {
        digest.add(bytes);
        return file.write(bytes);
    }
};

// What stands between the body and the sink: nothing, or a form.
class Form {
  public:
    Form(const std::optional<std::string>& boundary, PictureSink& sink) : sink_(sink) {
        if (boundary) parser_.emplace(*boundary, sink);
    }

    // Both report the sink's error first: it says more about the picture.
    std::optional<Error> feed(std::string_view bytes) {
        std::expected<void, std::string> fed;
        if (parser_) {
            fed = parser_->feed(bytes);
        } else {
            sink_.add(bytes);
        }
        return sink_.error() ? sink_.error() : malformed(fed);
    }

    std::optional<Error> finish() {
        if (parser_) {
            if (auto error = malformed(parser_->finish())) return error;
            if (!sink_.saw_photo_field()) {
                return Error{400, "no_photo_field", "The form has no field \"photo\"; name the picture's field so."};
            }
        }
        sink_.finish();
        return sink_.error();
    }

  private:
    static std::optional<Error> malformed(const std::expected<void, std::string>& result) {
        if (result) return std::nullopt;
        return Error{400, "malformed_form", result.error()};
    }

    PictureSink& sink_;
    std::optional<MultipartParser> parser_;
};

Error form_too_large(std::uint64_t max_bytes) {
    return {413, "form_too_large",
            "The form is larger than its picture by more than " + describe_size(max_bytes) + "."};
}

std::optional<Error> refuse_early(const Request& request, const std::optional<std::string>& boundary,
                                  const ReceiveLimits& limits) {
    if (boundary && boundary->empty()) {
        return Error{400, "malformed_form", "The form's Content-Type names no valid boundary."};
    }
    const auto announced = request.body->announced_bytes();
    if (announced == 0) return empty_picture();
    const std::uint64_t most = limits.max_bytes + (boundary ? limits.max_form_bytes : 0);
    if (announced && *announced > most) return too_large(limits.max_bytes);
    return std::nullopt;
}

// What one upload has while it is received.
struct Receiving {
    Request& request;
    StorageThreads& threads;
    std::shared_ptr<Writer> writer;
    PictureSink& sink;
    Sha256Stream* content;  // of the body as it is sent; null: nobody asks, or the picture's own is the same
};

asio::awaitable<Result<void>> write(const Receiving& receiving) {
    auto work = [writer = receiving.writer, bytes = receiving.sink.take()] { return writer->write(bytes); };
    // However long the body takes to come: each write has the storage's own time.
    const CallTerms terms{.access = Access::write};
    co_return co_await offload(receiving.threads, std::move(work), terms);
}

// Reads the body to its end.
asio::awaitable<Result<void>> receive(const Receiving& receiving, Form& form, std::uint64_t max_form_bytes) {
    std::uint64_t received = 0;
    for (;;) {
        const auto chunk = co_await receiving.request.body->next();
        if (!chunk) co_return std::unexpected(chunk.error());
        if (chunk->empty()) break;
        received += chunk->size();
        if (receiving.content != nullptr) receiving.content->add(*chunk);
        if (auto error = form.feed(*chunk)) co_return std::unexpected(std::move(*error));
        if (received > receiving.sink.bytes() + max_form_bytes)
            co_return std::unexpected(form_too_large(max_form_bytes));
        if (receiving.sink.collected() < kWriteBytes) continue;
        if (auto written = co_await write(receiving); !written) co_return written;
    }
    if (auto error = form.finish()) co_return std::unexpected(std::move(*error));
    co_return co_await write(receiving);
}

}  // namespace

asio::awaitable<Result<ReceivedPicture>> receive_picture(Request& request, Storage& storage, StorageThreads& threads,
                                                         const ReceiveLimits& limits) {
    const StageTimer timer(request.times.receive);
    const auto boundary = multipart_boundary(request.header("Content-Type"));
    if (auto error = refuse_early(request, boundary, limits)) co_return std::unexpected(std::move(*error));
    const auto wanted = parse_content_digest(join_headers(request.headers, "Content-Digest", ", "));
    if (!wanted) co_return std::unexpected(wanted.error());
    auto make = [&storage] { return storage.make_temp(); };
    const CallTerms terms{.access = Access::write, .deadline = request.deadline};
    auto file = co_await offload(threads, std::move(make), terms);
    if (!file) co_return std::unexpected(std::move(file.error()));
    const auto writer = threads.own(Writer{std::move(*file), {}});
    PictureSink sink(limits.max_bytes, limits.max_svg_bytes);
    Form form(boundary, sink);
    Sha256Stream content;
    const bool is_form = boundary.has_value();
    const Receiving receiving{request, threads, writer, sink, is_form && *wanted ? &content : nullptr};
    auto received = co_await receive(receiving, form, limits.max_form_bytes);
    if (!received) co_return std::unexpected(std::move(received.error()));
    ReceivedPicture picture;
    picture.file = std::shared_ptr<TempFile>(writer, &writer->file);
    picture.bytes = sink.bytes();
    picture.is_svg = sink.format() == SourceFormat::svg;
    picture.sha256 = writer->digest.hex();
    if (*wanted && **wanted != (is_form ? content.hex() : picture.sha256)) {
        co_return fail(400, "digest_mismatch",
                       "The body is not what its Content-Digest says; it was changed on its way, so send it again.");
    }
    co_return picture;
}

}  // namespace thumbgate
