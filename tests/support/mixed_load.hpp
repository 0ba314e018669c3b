// What visitors do to a whole chain, all at once: upload, look, list and delete, each with a session of its own. It
// keeps account of what was acknowledged, so that a test can ask afterwards whether that is still so.
#pragma once

#include <atomic>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/stack.hpp"

namespace thumbgate::test {

struct MixedLoadOptions {
    unsigned visitors = 4;
    milliseconds pause = 0ms;    // of each visitor after each step
    std::size_t max_photos = 8;  // of each visitor; before one more, one is deleted
    std::vector<std::string> accepts = {kAcceptsWebp, kAcceptsJpeg};
};

// For a message: each on a line of its own.
std::string lines(const std::vector<std::string>& all);

class MixedLoad {
  public:
    // conf/nginx.conf for one address that does all of this.
    static std::vector<ConfEdit> without_rate_limits();

    // The sessions are made at once; a failure is one of the test.
    explicit MixedLoad(const Stack& stack, MixedLoadOptions options = {});
    MixedLoad(const MixedLoad&) = delete;
    MixedLoad& operator=(const MixedLoad&) = delete;
    ~MixedLoad();

    // Ends the load, and waits for what is under way.
    void stop();

    std::size_t requests() const { return requests_; }
    std::size_t failed() const { return failed_; }  // no answer, or one that says 5xx
    std::size_t uploaded() const { return uploaded_; }
    // Deletions that nginx asked for once more, since the first was cut off: the photo was gone by then.
    std::size_t repeated() const { return repeated_; }
    std::vector<std::string> failures() const;  // each as a line
    std::vector<std::string> wrong() const;     // answers that must never be, each as a line

    // After stop(): what is not as it was acknowledged, each as a line. Every upload has to be listed, and whole by its
    // checksum in the storage, but for those that were deleted, which have to be gone from list, storage and edge.
    // What was cut off may be there or not; if it is, it is whole.
    std::vector<std::string> losses() const;

  private:
    struct Visitor;

    void visit(Visitor& visitor);
    void upload(Visitor& visitor);
    void look(Visitor& visitor);
    void list(Visitor& visitor);
    void remove(Visitor& visitor);
    bool is_answered(const Response& response, const std::string& what, int good);
    void note(std::vector<std::string>& lines, const std::string& line) const;
    void check_list(const Visitor& visitor, std::vector<std::string>& lines) const;
    void check_storage(const Visitor& visitor, std::vector<std::string>& lines) const;

    const Stack& stack_;
    const MixedLoadOptions options_;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::size_t> requests_ = 0;
    std::atomic<std::size_t> failed_ = 0;
    std::atomic<std::size_t> uploaded_ = 0;
    std::atomic<std::size_t> repeated_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> failures_;  // by mutex_
    std::vector<std::string> wrong_;     // by mutex_
    std::vector<std::unique_ptr<Visitor>> visitors_;
    std::vector<std::thread> threads_;
};

}  // namespace thumbgate::test
