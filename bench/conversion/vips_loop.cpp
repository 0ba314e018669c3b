// The loop around libvips that a user would write, without anything around it. A line of standard input, "PATH WIDTH
// .ENDING[OPTIONS]", is a picture to convert; it leaves on standard output behind its size in bytes, a native uint64_t.
#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <string>
#include <vips/vips8>

namespace {

void write_all(const void* data, std::size_t size) {
    const auto* next = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t now = write(STDOUT_FILENO, next, size);
        if (now <= 0) _exit(EXIT_FAILURE);
        next += now;
        size -= static_cast<std::size_t>(now);
    }
}

}  // namespace

int main(int, char** argv) try {
    if (VIPS_INIT(argv[0]) != 0) return EXIT_FAILURE;
    std::string path;
    std::string form;
    for (int width = 0; std::cin >> path >> width >> form;) {
        void* data = nullptr;
        std::size_t size = 0;
        vips::VImage::thumbnail(path.c_str(), width).write_to_buffer(form.c_str(), &data, &size);
        const std::uint64_t head = size;
        write_all(&head, sizeof head);
        write_all(data, size);
        g_free(data);
    }
    return EXIT_SUCCESS;
} catch (const std::exception& error) {
    std::cerr << "bench_vips_loop: " << error.what() << '\n';
    return EXIT_FAILURE;
}
