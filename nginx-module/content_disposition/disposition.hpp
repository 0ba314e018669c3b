// What a browser saves a picture as: the value of Content-Disposition (RFC 6266). Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "contract/thumb_url.hpp"

namespace thumbgate::edge {

// Empty where the link asks for nothing: neither for a name nor for an attachment. The name is the link's, else the
// last part of the source's, with the extension of `content_type` unless it has that already; of an unknown type it has
// none. Whatever bytes the name holds, the value is one header field of ASCII.
std::string content_disposition(const ThumbLink& link, std::string_view content_type);

}  // namespace thumbgate::edge
