// Any described value as a JSON document.
#pragma once

#include "risk/model/incident_fields.hpp"
#include "risk/model/json.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/market_fields.hpp"
#include "risk/model/report_fields.hpp"

#include <nlohmann/json_fwd.hpp>

namespace margind::daemon {

/// The .cpp file that calls it includes nlohmann/json.hpp; `Json` is a parameter so that this header need not.
template <class T, class Json = nlohmann::json>
Json as_json(const T& value) {
    Json document;
    write_json(model::JsonWriter(document), value);
    return document;
}

}  // namespace margind::daemon
