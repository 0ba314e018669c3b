#include "tests/support/disk.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "tests/support/failure.hpp"

namespace thumbgate::test {

namespace fs = std::filesystem;

namespace {

constexpr auto kCleanDeadline = 20s;

UniqueFd open_folder(const fs::path& path) {
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool mount_ext4(const fs::path& image, uint64_t bytes, const fs::path& on) {
    write_file(image, "");
    fs::resize_file(image, bytes);
    return run({"mkfs.ext4", "-q", image.string()}).ok() &&
           run({"mount", "-o", "loop", image.string(), on.string()}).ok();
}

}  // namespace

Disk::Disk() : mount_point_(dir_ / "disk") {
    fs::create_directory(mount_point_);
}

std::unique_ptr<Disk> Disk::mount(Kind kind, uint64_t bytes) {
    if (geteuid() != 0) return nullptr;
    std::unique_ptr<Disk> disk(new Disk);
    const fs::path& on = disk->mount_point_;
    const std::string size = "size=" + std::to_string(bytes);
    const bool mounted = kind == Kind::memory ? ::mount("none", on.c_str(), "tmpfs", 0, size.c_str()) == 0
                                              : mount_ext4(disk->dir_ / "image", bytes, on);
    if (!mounted) return nullptr;
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) fail_fixture("there is no pipe left");
    const UniqueFd read_end(pipe[0]);
    disk->cleaner_stdin_ = UniqueFd(pipe[1]);
    // SIGCONT does nothing to it: it outlives a test that is killed, by as long as it takes.
    const SpawnOptions cleaner{
        .argv = {"sh", "-c", "read _; fsfreeze -u \"$0\"; umount -l \"$0\"; umount -l \"$0\"", on.string()},
        .death_signal = SIGCONT};
    const UniqueFd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    disk->cleaner_.emplace(cleaner, read_end.get(), nowhere.get(), nowhere.get());
    return disk;
}

Disk::~Disk() {
    if (!cleaner_) return;
    cleaner_stdin_.reset();
    if (!cleaner_->wait(kCleanDeadline)) fail_quietly("the disk " + mount_point_.string() + " is not unmounted");
}

void Disk::fill() {
    const UniqueFd ballast(::open((mount_point_ / "ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string block(4096, 'b');
    while (::write(ballast.get(), block.data(), block.size()) > 0) {
    }
}

void Disk::make_room() {
    fs::remove(mount_point_ / "ballast");
}

void Disk::set_read_only(bool read_only) {
    const char* path = mount_point_.c_str();
    const bool done = read_only ? ::mount(path, path, nullptr, MS_BIND, nullptr) == 0 &&
                                      ::mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0
                                : ::umount2(path, MNT_DETACH) == 0;
    if (!done) fail_fixture("the disk cannot be mounted anew");
}

void Disk::freeze() {
    if (::ioctl(open_folder(mount_point_).get(), FIFREEZE, 0) != 0) fail_fixture("the disk does not freeze");
}

void Disk::thaw() {
    if (::ioctl(open_folder(mount_point_).get(), FITHAW, 0) != 0) fail_fixture("the disk does not thaw");
}

}  // namespace thumbgate::test
