#include "apidocs/html.hpp"

#include <algorithm>

namespace thumbgate::apidocs {
namespace {

void indent(std::string& out, std::size_t depth) {
    out += '\n';
    out.append(2 * depth, ' ');
}

void print(std::string& out, const json::value& value, std::size_t depth) {
    bool is_first = true;
    const auto next = [&] {
        if (!is_first) out += ',';
        is_first = false;
        indent(out, depth + 1);
    };
    if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        for (const auto& [name, member] : *object) {
            next();
            out += json::serialize(json::value(name)) + ": ";
            print(out, member, depth + 1);
        }
        indent(out, depth);
        out += '}';
    } else if (const json::array* array = value.if_array(); array != nullptr && !array->empty()) {
        out += '[';
        for (const json::value& item : *array) {
            next();
            print(out, item, depth + 1);
        }
        indent(out, depth);
        out += ']';
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string html;
    for (const char c : text) {
        switch (c) {
            case '&':
                html += "&amp;";
                break;
            case '<':
                html += "&lt;";
                break;
            case '>':
                html += "&gt;";
                break;
            case '"':
                html += "&quot;";
                break;
            default:
                html += c;
        }
    }
    return html;
}

std::string inline_html(std::string_view text) {
    std::string html;
    bool is_code = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('`'), text.size());
        html += escaped(text.substr(0, end));
        if (end < text.size()) html += is_code ? "</code>" : "<code>";
        is_code = is_code != (end < text.size());
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return is_code ? html + "</code>" : html;
}

std::string paragraphs(std::string_view text) {
    std::string html;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find("\n\n"), text.size());
        html += "<p>" + inline_html(text.substr(0, end)) + "</p>\n";
        text.remove_prefix(std::min(end + 2, text.size()));
    }
    return html;
}

std::string code(std::string_view text) {
    return "<code>" + escaped(text) + "</code>";
}

std::string pretty_json(const json::value& value) {
    std::string out;
    print(out, value, 0);
    return out;
}

std::string fold(std::string_view summary, std::string_view text) {
    // A box that scrolls is to be reached by the keyboard.
    return "<details>\n<summary>" + inline_html(summary) + "</summary>\n<pre tabindex=\"0\">" + escaped(text) +
           "</pre>\n</details>\n";
}

}  // namespace thumbgate::apidocs
