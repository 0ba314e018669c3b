#include "backend/conversion/own_picture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "backend/conversion/formats.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace {

constexpr std::uintmax_t kMaxSize = 16 << 20;  // bytes

std::unexpected<std::string> system_problem(const std::string& what) {
    return std::unexpected(what + ": " + std::generic_category().message(errno));
}

std::expected<std::string, std::string> read_bytes(const std::filesystem::path& path) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) return std::unexpected("cannot read " + path.string() + ": " + error.message());
    if (size > kMaxSize) return std::unexpected(path.string() + " has more than 16 MiB");
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file || bytes.size() != size) return std::unexpected("cannot read " + path.string());
    if (!sniff(bytes)) return std::unexpected(path.string() + " is not a picture that can be read");
    return bytes;
}

std::expected<UniqueFd, std::string> in_memory(const std::string& bytes) {
    UniqueFd fd(::memfd_create("own picture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return system_problem("cannot keep a file in memory");
    if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        return system_problem("cannot keep the picture in memory");
    }
    constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return system_problem("cannot seal the picture in memory");
    return fd;
}

}  // namespace

std::expected<OwnPicture, std::string> OwnPicture::read(const std::filesystem::path& path) {
    const auto bytes = read_bytes(path);
    if (!bytes) return std::unexpected(bytes.error());
    auto memory = in_memory(*bytes);
    if (!memory) return std::unexpected(memory.error());
    return OwnPicture(std::move(*memory), hex_encode(sha256(*bytes)), *sniff(*bytes));
}

UniqueFd OwnPicture::open() const {
    const std::string path = "/proc/self/fd/" + std::to_string(memory_.get());
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace thumbgate
