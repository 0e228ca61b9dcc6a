// The hash of past moves, taken once.
#include "risk/model/past.hpp"

#include "risk/model/content.hpp"
#include "risk/model/market_fields.hpp"

#include <utility>

namespace margind::model {

Past::Past() {
    static const Past empty{PastMoves{}};
    *this = empty;
}

Past::Past(PastMoves moves) : moves_(std::make_shared<const PastMoves>(std::move(moves))), hash_(content_hash(*moves_)) {}

}  // namespace margind::model
