// Sets the field by the response's own type, which is known here for every way that a picture comes.
#include "nginx-module/content_disposition/content_disposition.hpp"

#include "nginx-module/conf.hpp"
#include "nginx-module/content_disposition/disposition.hpp"
#include "nginx-module/link/link.hpp"
#include "nginx-module/support.hpp"

namespace thumbgate::edge {

// A 304 has no type to name it by; whoever asked has the field with the picture.
void set_content_disposition(ngx_http_request_t* r) {
    const ngx_uint_t status = r->headers_out.status;
    if (status != NGX_HTTP_OK && status != NGX_HTTP_PARTIAL_CONTENT) return;
    if (!location_conf(r)->link.is_thumbnail_location()) return;
    const ParsedLink* link = parsed_link(r);
    if (link == nullptr) return;
    const std::string value = content_disposition(link->link, view(r->headers_out.content_type));
    if (!value.empty()) add_response_header(r, "Content-Disposition", value);
}

}  // namespace thumbgate::edge
