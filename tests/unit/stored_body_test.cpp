// Stored objects as bodies: whole, in part, cut off, and from a storage that hangs.
#include "backend/photos/stored_body.hpp"

#include <fcntl.h>

#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/backend_fakes.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

struct Fixture {
    TempDir dir;
    boost::asio::io_context io{1};
    StorageThreads threads{{.threads = 1}};
    std::string bytes = letters(200'000);

    static std::string letters(std::size_t count) {
        std::string text(count, '\0');
        for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 26);
        return text;
    }
    StoredObject object() {
        write_file(dir / "object", bytes);
        return {thumbgate::UniqueFd(::open((dir / "object").c_str(), O_RDONLY | O_CLOEXEC)), bytes.size()};
    }
    // What is given, or the error's code behind it.
    std::string read(StoredBody& body) {
        std::string all;
        while (all.size() < body.size()) {
            const auto piece = run_coroutine(io, body.next());
            if (!piece) return all + piece.error().code;
            CHECK(!piece->empty());
            CHECK(piece->size() <= StoredBody::kPiece);
            all += *piece;
        }
        return all;
    }
};

}  // namespace

TEST_CASE("a stored object is given whole, in pieces") {
    Fixture f;
    StoredBody body(f.threads, f.object(), {0, 200'000});
    CHECK(body.size() == 200'000);
    CHECK(f.read(body) == f.bytes);
}

TEST_CASE("of a part not a byte more is given") {
    Fixture f;
    for (const ByteRange range : {ByteRange{0, 1}, ByteRange{70'000, 65'537}, ByteRange{199'999, 1}, ByteRange{1, 0}}) {
        StoredBody body(f.threads, f.object(), range);
        CHECK(body.size() == range.size);
        CHECK(f.read(body) == f.bytes.substr(range.first, range.size));
    }
}

TEST_CASE("an object that is shorter than it was is an error, not an end") {
    Fixture f;
    StoredBody body(f.threads, f.object(), {0, 200'001});
    CHECK(f.read(body) == f.bytes + "damaged_object");
}

TEST_CASE("what cannot be read is an error") {
    Fixture f;
    StoredObject folder{thumbgate::UniqueFd(::open(f.dir.path().c_str(), O_RDONLY | O_CLOEXEC)), 10};
    StoredBody body(f.threads, std::move(folder), {0, 10});
    CHECK(f.read(body) == "storage_unavailable");
}

TEST_CASE("the file of a body that nobody wants any more is closed") {
    Fixture f;
    StoredObject object = f.object();
    const int fd = object.fd.get();
    {
        StoredBody body(f.threads, std::move(object), {0, 200'000});
        REQUIRE(run_coroutine(f.io, body.next()));
        CHECK(::fcntl(fd, F_GETFD) >= 0);
    }
    CHECK(wait_until(10s, [&] { return ::fcntl(fd, F_GETFD) < 0; }));
}
