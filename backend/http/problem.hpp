// Errors as a client sees them: application/problem+json (RFC 9457). Pure; thread-safe.
#pragma once

#include <string_view>

#include "backend/http/message.hpp"

namespace thumbgate {

// {type, title, status, detail, request_id}, with Retry-After where the error has one. `request_id` empty: left out,
// as a shared cache may keep the response. The error's `detail` stays in Response::error, for the log.
Response problem(Error error, std::string_view request_id);

// "Not Found"; "Error" for a status without a name here.
std::string_view reason_phrase(int status);

}  // namespace thumbgate
