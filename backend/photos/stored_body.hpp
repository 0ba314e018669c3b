// A stored object, or a part of it, as a response's body: read on the storage threads, piece by piece, so that a reader
// of any size and speed costs the memory of one piece. Not thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "backend/http/message.hpp"
#include "backend/http/range.hpp"
#include "backend/storage/storage.hpp"
#include "backend/storage/storage_threads.hpp"

namespace thumbgate {

class StoredBody final : public BodySource {
  public:
    static constexpr std::size_t kPiece = 64 * 1024;  // bytes, at most

    // `range` lies within the object. `threads` outlives this object.
    StoredBody(StorageThreads& threads, StoredObject object, ByteRange range);

    std::uint64_t size() const override { return range_.size; }
    // Errors: those of the storage, and 500 where the object is shorter than it was.
    boost::asio::awaitable<Result<std::string_view>> next() override;

  private:
    // What a read that nobody waits for any more may still use.
    struct Reading {
        UniqueFd fd;
        std::string piece;
    };

    static Result<std::size_t> read(Reading& reading, std::uint64_t at, std::size_t most);

    StorageThreads& threads_;
    std::shared_ptr<Reading> reading_;
    const ByteRange range_;
    std::uint64_t given_ = 0;  // bytes of the range
};

}  // namespace thumbgate
