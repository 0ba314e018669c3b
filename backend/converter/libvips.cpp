#include "backend/converter/libvips.hpp"

#include <glib.h>
#include <malloc.h>
#include <vips/vips.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace thumbgate {
namespace {

// Class names of libvips; a block covers every class below the named one. Whatever else a build of libvips brings
// (ImageMagick, PDF, SVG, OpenSlide, …) stays blocked.
constexpr std::array kAllowed{
    "VipsForeignLoadJpeg", "VipsForeignLoadPng",  "VipsForeignLoadWebp", "VipsForeignLoadHeif", "VipsForeignLoadNsgif",
    "VipsForeignLoadTiff", "VipsForeignLoadJxl",  "VipsForeignSaveJpeg", "VipsForeignSavePng",  "VipsForeignSaveSpng",
    "VipsForeignSaveWebp", "VipsForeignSaveHeif", "VipsForeignSaveCgif", "VipsForeignSaveJxl",
};

// What is read of our own: a PNG, to see how it was made. As a source it is refused.
constexpr const char* kLoadsOurOwn = "VipsForeignLoadPng";

// Threads of one conversion hardly allocate at once; more arenas would eat the address space a converter may have.
constexpr int kMallocArenas = 2;

GLogWriterOutput discard(GLogLevelFlags, const GLogField*, gsize, gpointer) {
    return G_LOG_WRITER_HANDLED;
}

// libheif may have its codecs in files of their own, which it looks for when it is first used: by a header, which says
// nothing, while there are files.
void load_heif_codecs() {
    constexpr std::string_view kHeader{
        "\0\0\0\x10"
        "ftypheic\0\0\0\0",
        16};
    VipsImage* image = nullptr;
    if (vips_heifload_buffer(const_cast<char*>(kHeader.data()), kHeader.size(), &image, nullptr) == 0) {
        g_object_unref(image);
    }
    vips_error_clear();
}

}  // namespace

std::expected<void, std::string> start_libvips(ConverterKind kind) {
    // Runtime-generated vector code would need memory that is writable and executable.
    setenv("VIPS_NOVECTOR", "1", 1);
    setenv("ORC_CODE", "emulate", 1);     // libvips makes some of it all the same
    setenv("RAYON_NUM_THREADS", "1", 1);  // of librsvg's filters
    // A large picture is kept in memory, or fails for want of it: there is no file that it could go to.
    setenv("VIPS_DISC_THRESHOLD", "1000g", 1);
    mallopt(M_ARENA_MAX, kMallocArenas);
    // Messages carry a time and look for a log daemon: files that a converter has no business with.
    g_log_set_writer_func(discard, nullptr, nullptr);
    if (VIPS_INIT("thumbgate-converter") != 0) return std::unexpected(std::string(vips_error_buffer()));
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    vips_operation_block_set("VipsForeignSave", TRUE);
    for (const char* allowed : kAllowed) vips_operation_block_set(allowed, FALSE);
    load_heif_codecs();
    if (kind == ConverterKind::svg) {
        vips_operation_block_set("VipsForeignLoad", TRUE);
        vips_operation_block_set(kLoadsOurOwn, FALSE);
    }
    return {};
}

bool has_operation(const char* nickname) {
    return vips_type_find("VipsOperation", nickname) != 0;
}

std::string libvips_version() {
    return vips_version_string();
}

}  // namespace thumbgate
