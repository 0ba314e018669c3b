// thumbgate-apidocs OPENAPI.YAML PAGE.HTML: writes the page of an API's description, as the build does.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "apidocs/page.hpp"

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fputs("usage: thumbgate-apidocs OPENAPI.YAML PAGE.HTML\n", stderr);
        return 2;
    }
    std::ifstream in(argv[1], std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto document = thumbgate::apidocs::ApiDocument::read(text);
    if (!in || !document) {
        std::fprintf(stderr, "%s: %s\n", argv[1], in ? document.error().c_str() : "cannot be read");
        return 1;
    }
    const std::string page = thumbgate::apidocs::page_of(*document);
    std::ofstream out(argv[2], std::ios::binary | std::ios::trunc);
    out << page;
    out.close();
    if (!out) std::fprintf(stderr, "%s: cannot be written\n", argv[2]);
    return out ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "thumbgate-apidocs: %s\n", error.what());
    return 1;
}
