// Uploads by several owners at once, which go on whatever happens to the server, and an account of what was answered.
//
// Each upload is a file that no other is. Every second one has an Idempotency-Key and is repeated until it is accepted,
// as a page does that lost its connection; every third one has a Content-Digest. Each uploader has an owner of its own,
// and all of them have one together.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/stack.hpp"

namespace thumbgate::test {

class UploadStorm {
  public:
    // Makes the owners, with a photo and a recovery link each; ends when so many more uploads have been accepted.
    UploadStorm(const Stack& stack, std::size_t wanted);
    UploadStorm(const UploadStorm&) = delete;
    UploadStorm& operator=(const UploadStorm&) = delete;
    ~UploadStorm();

    std::size_t accepted() const { return accepted_; }
    bool is_over() const { return accepted_ >= wanted_; }
    void join();  // waits for what is under way

    // After join(). What is not as it was acknowledged, each as a line: every accepted upload is listed once, in its
    // owner's list alone, and whole by its checksum; whatever else is listed was sent by that owner, and is whole.
    std::vector<std::string> losses() const;
    // Every tenth accepted upload with a key, sent once more: those that were not answered with the same photo.
    std::vector<std::string> wrong_repetitions() const;
    // Those whose thumbnail is not made.
    std::vector<std::string> without_thumbnail() const;
    // All sessions are gone: the owners come back by their recovery links, to all that they had.
    std::vector<std::string> not_recovered();

    std::vector<std::string> wrong() const;  // answers that must never be, each as a line
    std::string report() const;              // in figures

  private:
    struct Owner;
    struct Upload;

    void work(unsigned uploader);
    void upload(Owner& owner, CookieJar& jar, std::size_t number);
    bool is_accepted(Owner& owner, const Upload& upload, const Response& response);
    Response send(const Upload& upload, CookieJar& jar) const;
    void note(const std::string& line);

    const Stack& stack_;
    const std::size_t wanted_;
    std::atomic<std::size_t> accepted_ = 0;
    std::atomic<std::size_t> failed_ = 0;
    std::atomic<std::size_t> repeated_ = 0;
    std::atomic<std::size_t> in_progress_ = 0;  // repetitions that came while the first was under way
    std::atomic<std::size_t> next_ = 1;
    mutable std::mutex mutex_;
    std::vector<std::string> wrong_;  // by mutex_, as the accounts of the owners
    std::vector<std::unique_ptr<Owner>> owners_;
    std::vector<std::thread> threads_;
};

}  // namespace thumbgate::test
