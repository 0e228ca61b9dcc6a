// Building and reading the facts' names.
#include "adapters/protocols/lyra_avalon/facts.hpp"

namespace margind::adapters::protocols::lyra_avalon {

std::string of_market(std::size_t market, std::string_view field) { return "market." + std::to_string(market) + '.' + std::string(field); }

std::string of_board(std::size_t market, std::uint64_t board, std::string_view field) {
    return of_market(market, "board." + std::to_string(board) + '.' + std::string(field));
}

std::string of_strike(std::size_t market, std::uint64_t strike, std::string_view field) {
    return of_market(market, "strike." + std::to_string(strike) + '.' + std::string(field));
}

std::uint64_t FactReader::count(const std::string& name, std::uint64_t limit) {
    const std::uint64_t value = u64(name);
    if (value <= limit) return value;
    if (!error_)
        error_ = model::Error{model::ErrorCode::out_of_range, "fact " + name + " = " + std::to_string(value) + " is above " + std::to_string(limit)};
    return 0;
}

std::string FactReader::text(const std::string& name) const {
    const model::FactValue* value = facts_.find(name);
    const auto* bytes = value == nullptr ? nullptr : std::get_if<model::Bytes>(value);
    std::string text;
    if (bytes == nullptr) return text;
    for (const std::byte b : *bytes) text.push_back(static_cast<char>(b));
    return text;
}

std::optional<std::size_t> market_of(FactReader& venue, const model::Address& option_market) {
    const std::uint64_t markets = venue.count("markets", max_markets);
    for (std::size_t i = 0; i < markets; ++i)
        if (venue.address(of_market(i, "option_market")) == option_market) return i;
    return std::nullopt;
}

model::Bytes to_bytes(std::string_view text) {
    model::Bytes bytes;
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

}  // namespace margind::adapters::protocols::lyra_avalon
