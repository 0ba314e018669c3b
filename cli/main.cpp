// thumbgate: makes keys, signs links, says whether a link is valid, takes back what was published, and shows what
// broke converters and what was logged of a request.
#include <chrono>
#include <filesystem>
#include <iostream>

#include "cli/commands.hpp"

namespace thumbgate::cli {

void add_keys_option(CLI::App& command, std::string& path) {
    path = std::filesystem::exists("var/keys") ? "var/keys" : "/etc/thumbgate/keys";
    command.add_option("--keys", path, "Key file")->envname("THUMBGATE_KEYS")->capture_default_str();
}

std::expected<Ladder, std::string> SignatureArguments::ladder() const {
    Ladder ladder;
    for (const std::string& width : widths) {
        if (const auto added = ladder.add(width); !added) return std::unexpected("--sizes: " + added.error().detail);
    }
    return ladder;
}

void add_signature_options(CLI::App& command, SignatureArguments& arguments) {
    command.add_option("--signature-size", arguments.size, "Bytes of a signature, as in thumb_signature_size")
        ->check(CLI::Range(kMinSignatureSize, kMaxSignatureSize))
        ->capture_default_str();
    command.add_option("--sizes", arguments.widths, "Widths of a ladder, as in thumb_sizes, e.g. 160,320,640")
        ->delimiter(',');
}

std::string_view target_of(std::string_view url, std::string_view prefix) {
    if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos && scheme < url.find('/')) {
        const std::size_t path = url.find('/', scheme + 3);
        url = path == std::string_view::npos ? std::string_view{} : url.substr(path);
    }
    if (url.starts_with(prefix)) return url.substr(prefix.size());
    return url.starts_with('/') ? url.substr(1) : url;
}

ExitStatus complain(const std::string& message) {
    std::cerr << "thumbgate: " << message << '\n';
    return 1;
}

std::uint64_t unix_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace thumbgate::cli

int main(int argc, char** argv) try {
    CLI::App app{"Keys, signed links and published pictures of a thumbgate"};
    app.set_version_flag("--version", THUMBGATE_VERSION);
    app.require_subcommand(1);
    thumbgate::cli::ExitStatus status = 0;
    thumbgate::cli::add_key_command(app, status);
    thumbgate::cli::add_sign_command(app, status);
    thumbgate::cli::add_verify_command(app, status);
    thumbgate::cli::add_feed_commands(app, status);
    thumbgate::cli::add_quarantine_command(app, status);
    thumbgate::cli::add_logs_command(app, status);
    CLI11_PARSE(app, argc, argv);
    return status;
} catch (const std::exception& error) {
    return thumbgate::cli::complain(error.what());
}
