#include <iostream>
#include <memory>
#include <vector>

#include "cli/commands.hpp"
#include "contract/thumb_url.hpp"

namespace thumbgate::cli {
namespace {

struct SignArguments {
    std::string keys;
    SignatureArguments signature;
    std::uint64_t expires_in = 0;  // seconds; 0: never
    std::string base_url;
    std::vector<std::string> paths;
};

// Signed all the same: the edge may know presets, or be of a version with options, that are not known here.
void warn_of(const std::string& path) {
    const auto link = parse_link(with_width(path, "1").value_or(path), Presets{});
    if (!link) std::cerr << "thumbgate: warning: \"" << path << "\": " << link.error().detail << '\n';
}

// One link, or where the width is "*" and the ladder is known, one for each of its widths.
void print_links(const std::string& begin, const std::string& path, const Ladder& ladder) {
    if (ladder.empty() || !with_width(path, "1")) {
        std::cout << begin << path << '\n';
        return;
    }
    for (const std::string& width : ladder.widths()) std::cout << begin << *with_width(path, width) << '\n';
}

ExitStatus sign_path(const KeyRing& ring, const SignArguments& arguments, const Ladder& ladder, std::string path) {
    const std::uint64_t now = unix_now();
    if (!path.starts_with('/')) return complain("\"" + path + "\": a path begins with \"/\"");
    if (arguments.expires_in > 0) path = "/exp:" + std::to_string(now + arguments.expires_in) + path;
    warn_of(path);
    const std::string signature = ring.sign(path, now, arguments.signature.size);
    if (signature.empty()) return complain("\"" + arguments.keys + "\": no key is valid now");
    print_links(arguments.base_url + '/' + signature, path, ladder);
    return 0;
}

ExitStatus sign(const SignArguments& arguments) {
    const auto ring = KeyRing::read_file(arguments.keys);
    if (!ring) return complain(ring.error());
    const auto ladder = arguments.signature.ladder();
    if (!ladder) return complain(ladder.error());
    ExitStatus status = 0;
    for (const std::string& path : arguments.paths) {
        if (const ExitStatus failed = sign_path(*ring, arguments, *ladder, path); failed != 0) status = failed;
    }
    return status;
}

}  // namespace

void add_sign_command(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("sign", "Sign paths: print /<signature><path>");
    auto arguments = std::make_shared<SignArguments>();
    add_keys_option(*command, arguments->keys);
    add_signature_options(*command, arguments->signature);
    command->add_option("--expires-in", arguments->expires_in, "The link's life: 90s, 15m, 1h, 7d, or seconds")
        ->transform(CLI::AsNumberWithUnit(
            std::map<std::string, std::uint64_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}}));
    command->add_option("--base-url", arguments->base_url, "Print it before the path, e.g. https://photos.example/t");
    command
        ->add_option("path", arguments->paths,
                     "What follows the signature, e.g. /rs:fit:320:240/plain/photo://ID, or /w:*/plain/photo://ID")
        ->required();
    command->callback([arguments, &status] { status = sign(*arguments); });
}

}  // namespace thumbgate::cli
