#include <utility>

#include "contract/options.hpp"

namespace thumbgate {

Parsed<void> Presets::define(std::string_view name, std::string_view options) {
    if (name.empty()) return refuse(RefusalKind::bad_argument, "a preset needs a name");
    if (presets_.contains(name)) {
        return refuse(RefusalKind::bad_argument, "preset \"" + std::string(name) + "\" is defined twice");
    }
    std::vector<OptionText> texts;
    Options trial;
    while (!options.empty()) {
        const std::size_t end = options.find('/');
        const std::string_view segment = options.substr(0, end);
        options = end == std::string_view::npos ? std::string_view{} : options.substr(end + 1);
        auto text = split_option(segment);
        if (!text) return refuse(RefusalKind::malformed, "\"" + std::string(segment) + "\" is not an option");
        if (auto applied = apply_option(trial, *text, *this); !applied) return applied;
        if (scope_of(text->name) == OptionScope::link) {
            return refuse(RefusalKind::bad_argument,
                          "a preset cannot hold \"" + text->name + "\": it belongs to a link");
        }
        texts.push_back(std::move(*text));
    }
    presets_.emplace(name, std::move(texts));
    return {};
}

const std::vector<OptionText>* Presets::find(std::string_view name) const {
    const auto found = presets_.find(name);
    return found == presets_.end() ? nullptr : &found->second;
}

}  // namespace thumbgate
