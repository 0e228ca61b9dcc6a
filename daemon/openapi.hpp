// The OpenAPI 3.1 document of the REST endpoint.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace margind::daemon {

nlohmann::json openapi_document();

}  // namespace margind::daemon
