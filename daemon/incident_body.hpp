// The body of an incident's event, version 1, as sinks deliver it and /v1/incidents shows it.
#pragma once

#include "risk/model/incident.hpp"

#include <string>

namespace margind::daemon {

/// One line of JSON. Money in USD is a number; amounts and prices of a venue are decimal text with the raw integer beside.
std::string incident_body(const model::IncidentEvent& event);

}  // namespace margind::daemon
