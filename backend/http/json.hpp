// JSON responses. Pure; thread-safe.
#pragma once

#include <boost/json/value.hpp>

#include "backend/http/message.hpp"

namespace thumbgate {

Response json_response(int status, const boost::json::value& body);

}  // namespace thumbgate
