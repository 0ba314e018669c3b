#include "backend/http/connection.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backend/http/problem.hpp"
#include "backend/units.hpp"

namespace thumbgate {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

using Stream = beast::basic_stream<asio::generic::stream_protocol>;
using Parser = http::request_parser<http::buffer_body>;
using boost::system::error_code;

constexpr std::size_t kChunk = 64 * 1024;        // bytes of a body handed on at once
constexpr std::size_t kBufferSlack = 16 * 1024;  // read ahead behind a header
constexpr std::uint64_t kSmallBody = 64 * 1024;  // bytes; an unread body of this size is read to keep the connection

auto into(error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

std::string text(beast::string_view view) {
    return std::string(view.data(), view.size());
}

// The response to a header that cannot be read; nullopt where the connection is gone or just ended.
std::optional<Response> refuse_header(const error_code& error, std::uint64_t max_bytes) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return problem(
            {431, "header_too_large", "The request's header is larger than " + describe_size(max_bytes) + "."}, {});
    }
    const bool malformed =
        error.failed() && error.category() == http::make_error_code(http::error::bad_method).category();
    if (!malformed || error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
    return problem({400, "malformed", "This is not an HTTP request.", error.message()}, {});
}

class HttpConnection final : public Connection, public BodyReader {
  public:
    HttpConnection(std::shared_ptr<ConnectionsState> state, ConnectedSocket socket);
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;
    ~HttpConnection() override;

    asio::awaitable<void> serve() override;
    bool is_idle() const override { return idle_ || is_kept_; }
    void close_if_idle() override;
    void close() override;

    std::optional<std::uint64_t> announced_bytes() const override;
    asio::awaitable<Result<std::string_view>> next() override;

  private:
    asio::awaitable<bool> wait_for_request();
    asio::awaitable<bool> serve_one();
    Request take_request();
    asio::awaitable<bool> send(const Response& response, bool head_only, bool keep_alive);
    asio::awaitable<bool> send_pieces(BodySource& source);
    asio::awaitable<error_code> continue_body();
    asio::awaitable<void> read_small_rest();
    asio::awaitable<void> linger();
    bool may_keep() const { return parser_->is_done() && parser_->keep_alive() && !state_->draining; }

    std::shared_ptr<ConnectionsState> state_;
    Stream stream_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;  // of the current request
    std::vector<char> chunk_;
    bool idle_ = false;
    bool is_new_ = true;          // no request was answered on it
    bool is_kept_ = false;        // the last answer said that there may be another request
    bool continue_owed_ = false;  // "100 Continue" is waited for
    bool body_failed_ = false;    // reading it ended in an error: never to be tried again
};

HttpConnection::HttpConnection(std::shared_ptr<ConnectionsState> state, ConnectedSocket socket)
    : state_(std::move(state)), stream_(std::move(socket)), buffer_(state_->limits.max_header_bytes + kBufferSlack) {
    state_->open.insert(this);
}

// Cancelling a timer, which wakes who waits, may throw by its signature alone.
HttpConnection::~HttpConnection() {  // NOLINT(bugprone-exception-escape)
    state_->open.erase(this);
    state_->ended.notify_all();
}

// Bytes that have come but are not read yet are a request. So are those that the pending read has taken, though it has
// not resumed yet. Else that read ends, by the end of what can be received: on a unix socket nothing more can be sent
// from there on, so nothing that was sent is lost between looking and closing.
void HttpConnection::close_if_idle() {
    error_code error;
    if (!idle_ || stream_.socket().available(error) > 0) return;
    stream_.socket().shutdown(asio::socket_base::shutdown_receive, error);
    if (error) stream_.cancel();
}

void HttpConnection::close() {
    error_code ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_both, ignored);
    stream_.close();
}

asio::awaitable<void> HttpConnection::serve() {
    bool more = true;
    while (more) {
        more = co_await wait_for_request();
        if (more) more = co_await serve_one();
    }
    close();
}

asio::awaitable<bool> HttpConnection::wait_for_request() {
    if (buffer_.size() > 0) {  // pipelined
        is_kept_ = false;
        co_return true;
    }
    if (state_->closing_idle && !is_new_) co_return false;
    error_code error;
    idle_ = !state_->draining || !is_new_;
    stream_.expires_after(idle_ ? state_->limits.idle_timeout : state_->limits.header_timeout);
    const std::size_t count = co_await stream_.async_read_some(buffer_.prepare(kBufferSlack), into(error));
    buffer_.commit(count);
    idle_ = is_kept_ = false;
    co_return !error;
}

asio::awaitable<bool> HttpConnection::serve_one() {
    parser_.emplace();
    parser_->header_limit(state_->limits.max_header_bytes);
    parser_->body_limit(boost::none);  // each handler has its own, and says which
    error_code error;
    stream_.expires_after(state_->limits.header_timeout);
    co_await http::async_read_header(stream_, buffer_, *parser_, into(error));
    if (const auto refusal = refuse_header(error, state_->limits.max_header_bytes)) {
        if (state_->watcher) state_->watcher(*refusal->error);
        co_await send(*refusal, false, false);
        co_return false;
    }
    if (error) co_return false;
    Request request = take_request();
    const Response response = co_await state_->responder(request);
    co_await read_small_rest();
    const bool keep_alive = may_keep();
    is_new_ = false;
    is_kept_ = keep_alive;
    const bool sent = co_await send(response, request.method == "HEAD", keep_alive);
    if (sent && !parser_->is_done() && !body_failed_) co_await linger();
    co_return sent&& keep_alive;
}

Request HttpConnection::take_request() {
    const auto& message = parser_->get();
    Request request;
    request.method = text(message.method_string());
    request.target = text(message.target());
    const std::size_t question = std::min(request.target.find('?'), request.target.size());
    request.path = request.target.substr(0, question);
    request.query = request.target.substr(std::min(question + 1, request.target.size()));
    for (const auto& field : message) request.headers.push_back({text(field.name_string()), text(field.value())});
    request.body = this;
    body_failed_ = false;
    continue_owed_ = !parser_->is_done() && equal_without_case(request.header("Expect"), "100-continue");
    return request;
}

std::optional<std::uint64_t> HttpConnection::announced_bytes() const {
    if (const auto length = parser_->content_length()) return *length;
    if (parser_->is_done()) return 0;
    return std::nullopt;
}

asio::awaitable<Result<std::string_view>> HttpConnection::next() {
    if (body_failed_) co_return fail(400, "incomplete_body", "The body was cut off or is malformed.");
    if (continue_owed_) {
        continue_owed_ = false;
        const error_code error = co_await continue_body();
        if (error) co_return fail(400, "connection_lost", "The connection was lost.");
    }
    chunk_.resize(kChunk);
    while (!parser_->is_done()) {
        auto& body = parser_->get().body();
        body.data = chunk_.data();
        body.size = chunk_.size();
        error_code error;
        stream_.expires_after(state_->limits.body_timeout);
        co_await http::async_read_some(stream_, buffer_, *parser_, into(error));
        body_failed_ = error && error != http::error::need_buffer;
        if (error == beast::error::timeout) co_return fail(408, "too_slow", "The body came too slowly.");
        if (body_failed_) {
            co_return fail(400, "incomplete_body", "The body was cut off or is malformed.", error.message());
        }
        const std::size_t count = chunk_.size() - body.size;
        if (count > 0) co_return std::string_view(chunk_.data(), count);
    }
    co_return std::string_view();
}

asio::awaitable<error_code> HttpConnection::continue_body() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    error_code error;
    stream_.expires_after(state_->limits.write_timeout);
    co_await asio::async_write(stream_, asio::buffer(kContinue), into(error));
    co_return error;
}

// So that an ignored "{}" does not cost the connection.
asio::awaitable<void> HttpConnection::read_small_rest() {
    if (continue_owed_ || body_failed_ || announced_bytes().value_or(kSmallBody + 1) > kSmallBody) co_return;
    while (!parser_->is_done()) {
        const auto bytes = co_await next();
        if (!bytes) co_return;
    }
}

// Closing while the other side still sends would reset the connection, and lose the response that says why. So what
// comes is dropped for a while.
asio::awaitable<void> HttpConnection::linger() {
    error_code error;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
    chunk_.resize(kChunk);
    stream_.expires_after(state_->limits.linger_timeout);
    while (!error) co_await stream_.async_read_some(asio::buffer(chunk_), into(error));
}

asio::awaitable<bool> HttpConnection::send(const Response& response, bool head_only, bool keep_alive) {
    const bool has_body = response.status >= 200 && response.status != 204 && response.status != 304;
    http::response<http::span_body<const char>> message;
    message.version(parser_->get().version() == 10 ? 10 : 11);
    message.result(static_cast<unsigned>(response.status));
    message.reason(reason_phrase(response.status));
    for (const Header& header : response.headers) message.insert(header.name, header.value);
    message.keep_alive(keep_alive);
    if (has_body) message.content_length(response.size());
    if (has_body && !head_only && !response.source) {
        message.body() = beast::span<const char>(response.body.data(), response.body.size());
    }
    http::response_serializer<http::span_body<const char>> serializer(message);
    error_code error;
    while (!serializer.is_done() && !error) {
        stream_.expires_after(state_->limits.write_timeout);
        co_await http::async_write_some(stream_, serializer, into(error));
    }
    if (error && error != http::error::end_of_stream) co_return false;
    if (!has_body || head_only || !response.source) co_return true;
    co_return co_await send_pieces(*response.source);
}

asio::awaitable<bool> HttpConnection::send_pieces(BodySource& source) {
    for (std::uint64_t left = source.size(); left > 0;) {
        auto piece = co_await source.next();
        if (!piece || piece->empty() || piece->size() > left) {
            const Error error =
                piece ? Error{500, "body_size", "", "an answer's body is not as long as it was said to be"}
                      : std::move(piece.error());
            if (state_->watcher) state_->watcher(error);
            co_return false;
        }
        left -= piece->size();
        while (!piece->empty()) {
            error_code error;
            stream_.expires_after(state_->limits.stream_timeout);
            const std::size_t sent =
                co_await stream_.async_write_some(asio::buffer(piece->data(), piece->size()), into(error));
            if (error) co_return false;
            piece->remove_prefix(sent);
        }
    }
    co_return true;
}

}  // namespace

std::unique_ptr<Connection> make_connection(std::shared_ptr<ConnectionsState> state, ConnectedSocket socket) {
    return std::make_unique<HttpConnection>(std::move(state), std::move(socket));
}

}  // namespace thumbgate
