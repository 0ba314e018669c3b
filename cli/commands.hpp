// The commands of `thumbgate`. Each adds itself to the command line and returns its exit status when it runs:
// 0 done, 1 it could not be done (said on stderr), 2 a link does not verify.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "contract/keys.hpp"
#include "contract/ladder.hpp"

namespace thumbgate::cli {

// Set by the command that ran.
using ExitStatus = int;

void add_key_command(CLI::App& app, ExitStatus& status);
void add_sign_command(CLI::App& app, ExitStatus& status);
void add_verify_command(CLI::App& app, ExitStatus& status);
void add_feed_commands(CLI::App& app, ExitStatus& status);  // purge and revoke
void add_quarantine_command(CLI::App& app, ExitStatus& status);
void add_logs_command(CLI::App& app, ExitStatus& status);

// Adds `--keys FILE` (or THUMBGATE_KEYS) to a command. The default is the first that exists of var/keys, where
// script/server keeps it, and /etc/thumbgate/keys.
void add_keys_option(CLI::App& command, std::string& path);

// What a location says of its signatures, as options of a command.
struct SignatureArguments {
    std::size_t size = kMaxSignatureSize;  // bytes
    std::vector<std::string> widths;

    std::expected<Ladder, std::string> ladder() const;
};

// Adds `--signature-size` and `--sizes`, which are the edge's thumb_signature_size and thumb_sizes.
void add_signature_options(CLI::App& command, SignatureArguments& arguments);

// "https://host/t/SIG/…", "/t/SIG/…" and "/SIG/…" → "SIG/…". A view into `url`.
std::string_view target_of(std::string_view url, std::string_view prefix);

// Says `message` on stderr; returns 1.
ExitStatus complain(const std::string& message);

std::uint64_t unix_now();

}  // namespace thumbgate::cli
