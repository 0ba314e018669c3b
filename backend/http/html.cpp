#include "backend/http/html.hpp"

#include <utility>

#include "backend/http/problem.hpp"
#include "contract/encoding.hpp"
#include "contract/hmac.hpp"

namespace thumbgate {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#fbfaf8;--ink:#1c1b19;--quiet:#65625c;--line:#dedbd5;--accent:#1f5f4a;--on-accent:#fff}
@media(prefers-color-scheme:dark){:root{--paper:#161615;--ink:#f0eee9;--quiet:#a5a19a;--line:#383632;--accent:#8fd3b6;--on-accent:#10231b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{margin:0;font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
p{margin:.25rem 0 0}.quiet{color:var(--quiet);font-size:.9rem}.small{font-size:.85em;font-weight:400}
figure{margin:1.25rem 0 0}
img{display:block;max-width:100%;height:auto;border-radius:.5rem;background:var(--line)}
figure img{margin:0 auto;max-height:80vh;width:auto}
.grid{list-style:none;margin:1.25rem 0 0;padding:0;display:grid;gap:.75rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,14rem),1fr))}
.grid img{width:100%;aspect-ratio:1;object-fit:cover}
.actions{display:flex;flex-wrap:wrap;gap:.5rem;margin:.75rem 0 0}
a{color:var(--accent)}
.button,button{display:inline-block;padding:.55rem 1rem;border:0;border-radius:.5rem;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.plain{background:none;color:var(--accent);box-shadow:inset 0 0 0 1px var(--line)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
details{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem;color:var(--quiet);font-size:.9rem}
summary{cursor:pointer}
label{display:block;margin:.75rem 0}
select,textarea{display:block;width:100%;max-width:32rem;margin-top:.25rem;padding:.5rem;border:1px solid var(--line);border-radius:.5rem;background:transparent;color:var(--ink);font:inherit}
)css";

std::string style_hash() {
    const Sha256 digest = sha256(kStyle);
    return base64_encode(std::string(digest.begin(), digest.end()));
}

const std::string& content_policy() {
    static const std::string policy = "default-src 'none'; img-src 'self'; style-src 'sha256-" + style_hash() +
                                      "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    return policy;
}

}  // namespace

std::string html_escape(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

Response html_response(int status, const HtmlPage& page) {
    Response response;
    response.status = status;
    response.set("Content-Type", "text/html; charset=utf-8");
    response.set("Content-Security-Policy", content_policy());
    response.set("Referrer-Policy", "no-referrer");
    response.set("X-Robots-Tag", "noindex");
    response.body = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
    response.body += html_escape(page.title);
    response.body +=
        "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n";
    response.body += page.head;
    response.body += "<style>";
    response.body += kStyle;
    response.body += "</style>\n</head>\n<body>\n<main>\n";
    response.body += page.body;
    response.body += "</main>\n</body>\n</html>\n";
    return response;
}

Response problem_page(Error error) {
    const std::string title(reason_phrase(error.status));
    Response response = html_response(
        error.status, {title, "", "<h1>" + html_escape(title) + "</h1>\n<p>" + html_escape(error.message) + "</p>\n"});
    if (error.retry_after) response.set("Retry-After", std::to_string(error.retry_after->count()));
    response.error = std::move(error);
    return response;
}

}  // namespace thumbgate
