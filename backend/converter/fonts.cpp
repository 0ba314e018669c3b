#include "backend/converter/fonts.hpp"

#include <fontconfig/fontconfig.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

namespace thumbgate {
namespace {

struct ListDeleter {
    void operator()(FcStrList* list) const { FcStrListDone(list); }
};

bool is_in(const std::string& folder, const std::string& outer) {
    return folder.starts_with(outer + "/");
}

}  // namespace

std::vector<std::string> load_fonts() {
    std::vector<std::string> folders;
    if (FcInit() == FcFalse) return folders;
    const std::unique_ptr<FcStrList, ListDeleter> list(FcConfigGetFontDirs(nullptr));
    if (!list) return folders;
    while (const FcChar8* name = FcStrListNext(list.get())) {
        std::string folder(reinterpret_cast<const char*>(name));
        std::error_code error;
        if (folder.starts_with('/') && std::filesystem::is_directory(folder, error)) folders.push_back(folder);
    }
    // The list names folders in folders as well.
    std::ranges::sort(folders);
    const auto inner = std::ranges::unique(folders, [](const std::string& outer, const std::string& folder) {
        return folder == outer || is_in(folder, outer);
    });
    folders.erase(inner.begin(), inner.end());
    return folders;
}

}  // namespace thumbgate
