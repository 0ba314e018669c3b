// What the contract's C++ library decides about links, for the CDN functions to be compared with.
//
//   dump_links COUNT       generated links, good and bad: Accept, URL, status, canonical path, format token
//   dump_links --verify    reads Accept and URL a line, adds the same three
//
// Columns are separated by tabs; a refused link has "-" for path and token, and one that is bound to its name or to a
// session "unchanged" and "-". Lines that begin with "#" say which key,
// which presets and which moment apply: options of both modes, --keys LINE, --now SECONDS, --no-presets.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "contract/canonical.hpp"
#include "contract/keys.hpp"
#include "tests/cdn/link_generator.hpp"

namespace {

using namespace thumbgate;

constexpr std::string_view kPrefix = "/t/";
constexpr FormatSet kOffered = FormatSet{}.with(Format::avif).with(Format::webp);

struct Setting {
    std::string key_line = "test 736563726574 68656c6c6f";
    std::uint64_t now = 1'700'000'000;
    Presets presets;
    KeyRing keys;
};

struct Decision {
    int status;
    std::string path;
    std::string token;
};

Decision refused(RefusalKind kind) {
    return {http_status(kind), "-", "-"};
}

// Signature, expiry and grammar, as the edge looks at them.
Decision decide(const Setting& setting, std::string_view accept, std::string_view url) {
    if (!url.starts_with(kPrefix)) return refused(RefusalKind::malformed);
    const auto target = split_signature(url.substr(kPrefix.size()));
    if (!target) return refused(target.error().kind);
    if (setting.keys.verify(target->signature, target->path, setting.now) == nullptr) {
        return refused(RefusalKind::bad_signature);
    }
    const auto link = parse_link(target->path, setting.presets);
    if (!link) return refused(link.error().kind);
    if (is_expired(link->options, setting.now)) return refused(RefusalKind::expired);
    // A CDN asks the edge for such a link as it is.
    if (!link->options.link_id.empty() || !link->options.session.empty()) return {200, "unchanged", "-"};
    return {200, canonical_path(*link), format_token(reduce(*link, accepted_formats(accept, kOffered)))};
}

void print(std::string_view accept, std::string_view url, const Decision& decision) {
    std::cout << accept << '\t' << url << '\t' << decision.status << '\t' << decision.path << '\t' << decision.token
              << '\n';
}

std::string accept_of_a_client(test::LinkGenerator& generator) {
    return generator.text_of("", "*/*", "image/jpeg,image/png;q=0.5", "image/webp,*/*",
                             "image/avif,image/webp,*/*;q=0.8", "image/avif", "IMAGE/WEBP;q=0.5 , image/avif;q=0",
                             "image/webp;q=0.0", "image/avif2,image/*",
                             "text/html,image/webp;a=b;Q=1, image/avif ;q=0.001");
}

// Damage of a kind that a person or an attacker does.
std::string damaged(test::LinkGenerator& generator, std::string path) {
    const std::size_t at = 1 + generator.below(path.size());
    switch (generator.below(5)) {
        case 0:
            return path.substr(0, at);
        case 1:
            return path.insert(at, generator.text_of("/", "//", ":", "%", "@", ".", "=", "~", "%2F", "%00", "%3A"));
        case 2: {
            const std::size_t slash = path.find('/', at - 1);
            return path.insert(slash == std::string::npos ? 0 : slash,
                               generator.text_of("/w:-1", "/h:65536", "/q:101", "/lid:", "/lid:a.b", "/sid:0",
                                                 "/lid:x/exp:0", "/dpr:0", "/blur:3", "/g:no:5", "/rs:auto", "/f:gif",
                                                 "/exp:x", "/exp:9223372036854775808", "/pr:none", "/s:::x",
                                                 "/rs:fill:::0:1", "/el:yes", "/__proto__:1", "/cb:%zz", "/w:1:2"));
        }
        case 3:
            path[at % path.size()] = generator.text_of("a", "0", ":", "/", "-", "Z", "_")[0];
            return path;
        default:
            return path.erase(at % path.size(), 1);
    }
}

std::string bad_signature(test::LinkGenerator& generator, std::string signature) {
    switch (generator.below(4)) {
        case 0:
            return signature.substr(0, generator.below(signature.size()));
        case 1:
            return signature + generator.text_of("=", "A", "%3D");
        case 2:
            signature.back() = static_cast<char>(signature.back() + 1);
            return signature;
        default:
            signature[generator.below(signature.size())] = '0';
            return signature;
    }
}

void dump(const Setting& setting, long count) {
    test::LinkGenerator generator(20231114, setting.now);
    for (long i = 0; i < count; ++i) {
        std::string path = generator.next().path;
        if (generator.chance(6)) path = damaged(generator, path);
        std::string signature = setting.keys.sign(path, setting.now);
        if (generator.chance(20)) signature = bad_signature(generator, signature);
        std::string url = std::string(kPrefix) + signature + path;
        if (generator.chance(10)) url += generator.text_of("?", "?utm=1", "?a=/b%", "?/w:1/plain/x");
        const std::string accept = accept_of_a_client(generator);
        print(accept, url, decide(setting, accept, url));
    }
}

void verify(const Setting& setting) {
    for (std::string line; std::getline(std::cin, line);) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string::npos) continue;
        const std::string accept = line.substr(0, tab);
        const std::string url = line.substr(tab + 1);
        print(accept, url, decide(setting, accept, url));
    }
}

int run(const std::vector<std::string>& arguments) {
    Setting setting;
    bool with_presets = true;
    std::string mode;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const bool has_value = i + 1 < arguments.size();
        if (arguments[i] == "--keys" && has_value)
            setting.key_line = arguments[++i];
        else if (arguments[i] == "--now" && has_value)
            setting.now = std::strtoull(arguments[++i].c_str(), nullptr, 10);
        else if (arguments[i] == "--no-presets")
            with_presets = false;
        else
            mode = arguments[i];
    }
    auto keys = KeyRing::parse(setting.key_line);
    if (mode.empty() || !keys) {
        std::cerr << "dump_links COUNT | --verify  [--keys LINE] [--now SECONDS] [--no-presets]\n";
        return 2;
    }
    setting.keys = *keys;
    std::cout << "# keys\t" << setting.key_line << "\n# now\t" << setting.now << '\n';
    for (const auto& [name, options] : test::kGeneratedPresets) {
        if (!with_presets) break;
        if (!setting.presets.define(name, options)) return 2;
        std::cout << "# preset\t" << name << '\t' << options << '\n';
    }
    if (mode == "--verify")
        verify(setting);
    else
        dump(setting, std::strtol(mode.c_str(), nullptr, 10));
    return std::cout.flush() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    return run({argv + 1, argv + argc});
}
