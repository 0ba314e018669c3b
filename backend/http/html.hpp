// Pages for people, complete without a script: one layout, its style, and the header fields that keep everything else
// out. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "backend/http/message.hpp"

namespace thumbgate {

// Text as it may stand between tags and in a quoted attribute. All that is not ours goes through it.
std::string html_escape(std::string_view text);

struct HtmlPage {
    std::string title;  // plain text
    std::string head;   // HTML
    std::string body;   // HTML
};

Response html_response(int status, const HtmlPage& page);

// An error as a page: its message is all that it says. `Response::error` is set, for the log.
Response problem_page(Error error);

}  // namespace thumbgate
