#include <iostream>
#include <memory>
#include <vector>

#include "cli/commands.hpp"
#include "contract/canonical.hpp"

namespace thumbgate::cli {
namespace {

constexpr ExitStatus kNotValid = 2;

struct VerifyArguments {
    std::string keys;
    SignatureArguments signature;
    std::string prefix = "/t/";
    std::vector<std::string> urls;
};

struct Valid {
    std::string key_id;
    ThumbLink link;
};

Parsed<Valid> verify_target(const KeyRing& ring, const SignatureRules& rules, std::string_view target) {
    const std::uint64_t now = unix_now();
    const auto path = split_signature(target);
    if (!path) return std::unexpected(path.error());
    const Key* key = verify_link(ring, *path, now, rules);
    if (key == nullptr) return refuse(RefusalKind::bad_signature, "no key that is valid now made this signature");
    auto link = parse_link(path->path, Presets{});
    if (!link) return std::unexpected(link.error());
    if (is_expired(link->options, now)) {
        return refuse(RefusalKind::expired, "it expired " + std::to_string(now - link->options.expires) +
                                                " s ago, at " + std::to_string(link->options.expires));
    }
    return Valid{key->id(), std::move(*link)};
}

ExitStatus verify_url(const KeyRing& ring, const SignatureRules& rules, std::string_view target) {
    const auto valid = verify_target(ring, rules, target);
    if (!valid) {
        std::cout << http_status(valid.error().kind) << ' ' << name(valid.error().kind) << ": " << valid.error().detail
                  << '\n';
        return kNotValid;
    }
    std::cout << "valid: key " << valid->key_id << ", " << canonical_path(valid->link);
    const Options& options = valid->link.options;
    if (options.expires != 0) std::cout << ", until " << options.expires;
    if (!options.link_id.empty()) std::cout << ", unless the link " << options.link_id << " is revoked";
    if (!options.session.empty()) std::cout << ", for the session " << options.session;
    std::cout << '\n';
    return 0;
}

ExitStatus verify(const VerifyArguments& arguments) {
    const auto ring = KeyRing::read_file(arguments.keys);
    if (!ring) return complain(ring.error());
    const auto ladder = arguments.signature.ladder();
    if (!ladder) return complain(ladder.error());
    const SignatureRules rules{arguments.signature.size, &*ladder};
    ExitStatus status = 0;
    for (const std::string& url : arguments.urls) {
        const ExitStatus failed = verify_url(*ring, rules, target_of(url, arguments.prefix));
        if (failed != 0) status = failed;
    }
    return status;
}

}  // namespace

void add_verify_command(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("verify", "Say of each link whether it is valid, and if not, why not");
    auto arguments = std::make_shared<VerifyArguments>();
    add_keys_option(*command, arguments->keys);
    add_signature_options(*command, arguments->signature);
    command->add_option("--prefix", arguments->prefix, "The thumbnail location")->capture_default_str();
    command->add_option("url", arguments->urls, "A link, with or without scheme, host and prefix")->required();
    command->callback([arguments, &status] { status = verify(*arguments); });
}

}  // namespace thumbgate::cli
