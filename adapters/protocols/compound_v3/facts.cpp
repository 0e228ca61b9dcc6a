// Names of the compound_v3 facts.
#include "adapters/protocols/compound_v3/facts.hpp"

namespace margind::adapters::protocols::compound_v3 {

std::string asset_fact(unsigned offset, std::string_view field) {
    std::string name = "asset.";
    name.push_back(static_cast<char>('0' + offset / 10 % 10));
    name.push_back(static_cast<char>('0' + offset % 10));
    return name + "." + std::string(field);
}

}  // namespace margind::adapters::protocols::compound_v3
