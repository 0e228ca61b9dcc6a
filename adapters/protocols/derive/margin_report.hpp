// A subaccount's margin with each of its components, for people and as JSON.
#pragma once

#include "adapters/protocols/derive/book.hpp"
#include "risk/model/result.hpp"

#include <string>

namespace margind::adapters::protocols::derive {

struct MarginReport {
    std::string text;
    /// One line; amounts are decimal texts with 18 places at most.
    std::string json;
    bool liquidatable = false;
};

model::Result<MarginReport> margin_report(const Book& book);

}  // namespace margind::adapters::protocols::derive
