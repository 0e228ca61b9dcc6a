// Names of lists inside of lists.
#include "adapters/protocols/perp_v2/schema.hpp"

namespace margind::adapters::protocols::perp_v2 {

std::string orders_of(std::size_t market) { return item(markets, market, "order"); }

}  // namespace margind::adapters::protocols::perp_v2
