#include "backend/http/json.hpp"

#include <boost/json/serialize.hpp>

namespace thumbgate {

Response json_response(int status, const boost::json::value& body) {
    Response response;
    response.status = status;
    response.set("Content-Type", "application/json");
    response.body = boost::json::serialize(body) + "\n";
    return response;
}

}  // namespace thumbgate
