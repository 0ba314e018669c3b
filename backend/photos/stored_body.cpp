#include "backend/photos/stored_body.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace thumbgate {

StoredBody::StoredBody(StorageThreads& threads, StoredObject object, ByteRange range)
    : threads_(threads), reading_(threads.own(Reading{std::move(object.fd), {}})), range_(range) {}

// Memory comes with the first piece: who asks for the header alone needs none.
Result<std::size_t> StoredBody::read(Reading& reading, std::uint64_t at, std::size_t most) {
    reading.piece.resize(most);
    for (;;) {
        const ssize_t count = ::pread(reading.fd.get(), reading.piece.data(), most, static_cast<off_t>(at));
        if (count > 0) return static_cast<std::size_t>(count);
        if (count == 0) return fail(500, "damaged_object", "A file in the storage is damaged.", "it was cut off");
        if (errno != EINTR) return std::unexpected(storage_error(errno, "read an object"));
    }
}

boost::asio::awaitable<Result<std::string_view>> StoredBody::next() {
    const std::uint64_t at = range_.first + given_;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, range_.size - given_));
    auto work = [reading = reading_, at, most] { return read(*reading, at, most); };
    const auto count = co_await offload(threads_, std::move(work));
    if (!count) co_return std::unexpected(count.error());
    given_ += *count;
    co_return std::string_view(reading_->piece).substr(0, *count);
}

}  // namespace thumbgate
