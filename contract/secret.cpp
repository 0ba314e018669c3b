#include "contract/secret.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "contract/encoding.hpp"

namespace thumbgate {
namespace {

constexpr std::size_t kMaxFile = 64 * 1024;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kDerivedBytes = 32;

class File {
  public:
    // Non-blocking, so that a path that names a pipe is refused instead of waited for.
    explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const { return fd_; }

  private:
    int fd_;
};

std::string system_error() {
    std::array<char, 128> text{};
    return ::strerror_r(errno, text.data(), text.size());
}

std::expected<std::string, std::string> read_all(int fd) {
    std::string text;
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t count = ::read(fd, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return std::unexpected(system_error());
        if (count == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(count));
        if (text.size() > kMaxFile) return std::unexpected("it is larger than 64 KiB");
    }
}

}  // namespace

std::expected<std::string, std::string> read_private_file(const std::string& path) {
    const auto failed = [&](const std::string& why) { return std::unexpected("\"" + path + "\": " + why); };
    const File file(path);
    if (file.fd() < 0) return failed(system_error());
    struct stat facts{};
    if (::fstat(file.fd(), &facts) != 0) return failed(system_error());
    if (!S_ISREG(facts.st_mode)) return failed("not a regular file");
    if ((facts.st_mode & S_IRWXO) != 0) return failed("other users can access it; chmod 600 it");
    auto text = read_all(file.fd());
    if (!text) return failed(text.error());
    return text;
}

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
}

SharedSecret::SharedSecret(std::string_view secret)
    : service(hkdf(secret, "thumbgate service v1", kDerivedBytes)),
      cookie(hkdf(secret, "thumbgate cookie v1", kDerivedBytes)) {}

std::expected<SharedSecret, std::string> SharedSecret::read_file(const std::string& path) {
    auto text = read_private_file(path);
    if (!text) return std::unexpected(text.error());
    while (text->ends_with('\n') || text->ends_with('\r') || text->ends_with(' ')) text->pop_back();
    auto secret = hex_decode(*text);
    wipe(*text);
    if (!secret || secret->size() != kSecretBytes) {
        return std::unexpected("\"" + path + "\": it must hold 64 hex digits");
    }
    SharedSecret keys(*secret);
    wipe(*secret);
    return keys;
}

}  // namespace thumbgate
