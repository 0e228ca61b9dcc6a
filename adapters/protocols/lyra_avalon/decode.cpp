// From facts to one position: every number checked once, so that evaluation need not.
#include "adapters/protocols/lyra_avalon/book.hpp"
#include "adapters/protocols/lyra_avalon/facts.hpp"

namespace margind::adapters::protocols::lyra_avalon {

using model::ErrorCode;
using model::fail;
using model::Result;
using model::U256;

namespace {

Result<Token> mapped(const model::AssetMap& assets, model::ChainId chain, const model::Address& address) {
    const model::AssetMapping* mapping = assets.find(chain, address);
    if (mapping == nullptr)
        return fail(ErrorCode::missing,
                    "unmapped_asset " + address.to_string() + " on chain " + std::to_string(chain.value) + ": add it to the assets");
    return Token{address, model::stands_for(*mapping), mapping->label, *mapping};
}

/// Reads of one market by name.
class MarketFacts {
public:
    MarketFacts(FactReader& venue, std::size_t market) : venue_(venue), market_(market) {}
    U256 u256(std::string_view name) { return venue_.u256(of_market(market_, name)); }
    /// Seconds; what does not fit 32 bits is out of range.
    std::uint64_t seconds(std::string_view name) { return venue_.count(of_market(market_, name), 0xffff'ffff); }

private:
    FactReader& venue_;
    std::size_t market_;
};

void decode_terms(Book& book, MarketFacts facts) {
    CollateralTerms& collateral = book.collateral_terms;
    collateral.static_quote = facts.u256("static_quote");
    collateral.static_base = facts.u256("static_base");
    collateral.shock_vol_a = facts.u256("shock_vol_a");
    collateral.shock_point_a = facts.u256("shock_point_a");
    collateral.shock_vol_b = facts.u256("shock_vol_b");
    collateral.shock_point_b = facts.u256("shock_point_b");
    collateral.call_spot_shock = facts.u256("call_spot_shock");
    collateral.put_spot_shock = facts.u256("put_spot_shock");
    PenaltyTerms& penalty = book.penalty_terms;
    penalty.penalty_ratio = facts.u256("penalty_ratio");
    penalty.liquidator_ratio = facts.u256("liquidator_ratio");
    penalty.security_module_ratio = facts.u256("security_module_ratio");
    penalty.least_fee = facts.u256("least_fee");
    ClosingTerms& closing = book.closing_terms;
    closing.vol_shock = facts.u256("close_vol_shock");
    closing.vol_shock_after_cutoff = facts.u256("close_vol_shock_after_cutoff");
    closing.spot_minimum = facts.u256("close_spot_minimum");
    closing.trading_cutoff_s = facts.seconds("trading_cutoff");
    closing.option_fee = facts.u256("option_fee");
    closing.option_fee_1x_s = facts.seconds("option_fee_1x");
    closing.option_fee_2x_s = facts.seconds("option_fee_2x");
    closing.spot_fee = facts.u256("spot_fee");
    closing.spot_fee_1x_s = facts.seconds("spot_fee_1x");
    closing.spot_fee_2x_s = facts.seconds("spot_fee_2x");
    closing.standard_size = facts.u256("standard_size");
    closing.skew_adjustment = facts.u256("skew_adjustment");
    closing.caps_skew = !facts.u256("caps_skew").is_zero();
    closing.least_skew = facts.u256("least_skew");
    closing.largest_skew = facts.u256("largest_skew");
    closing.variance_fee = facts.u256("variance_fee");
    closing.vega_fee = facts.u256("vega_fee");
    closing.static_vega = facts.u256("static_vega");
    closing.skew_fee = facts.u256("skew_fee");
    closing.static_skew = facts.u256("static_skew");
    closing.reference_skew = facts.u256("reference_skew");
    closing.iv_fee = facts.u256("iv_fee");
    closing.static_iv = facts.u256("static_iv");
    closing.base_quote_fee = facts.u256("base_quote_fee");
    book.base_settlement_fee = facts.u256("base_settlement_fee");
}

/// multiplyDecimal of two GWAVs.
U256 product(const U256& iv, const U256& skew) { return mul_div(iv, skew, U256(unit), model::Rounding::down).value_or(U256()); }

void decode_live(Book& book, FactReader& venue, std::size_t market, std::uint64_t board, std::uint64_t strike) {
    book.frozen = venue.boolean(of_board(market, board, "frozen"));
    book.vol = product(venue.u256(of_board(market, board, "iv_gwav")), venue.u256(of_strike(market, strike, "skew_gwav")));
    ClosingTerms& closing = book.closing_terms;
    closing.gwav_vol = product(venue.u256(of_board(market, board, "close_iv_gwav")), venue.u256(of_strike(market, strike, "close_skew_gwav")));
    closing.iv = venue.u256(of_board(market, board, "iv"));
    closing.skew = venue.u256(of_strike(market, strike, "skew"));
    closing.variance_iv_gwav = venue.u256(of_board(market, board, "variance_iv_gwav"));
}

/// Strike, expiry and settlement: from the venue where its facts hold the board, else from the account's.
Result<void> decode_board(Book& book, FactReader& venue, FactReader& account, std::size_t market) {
    const std::uint64_t strike = account.u64("strike");
    if (venue.has(of_strike(market, strike, "board"))) {
        const std::uint64_t board = venue.u64(of_strike(market, strike, "board"));
        book.listed = true;
        book.strike = venue.u256(of_strike(market, strike, "price"));
        book.expiry = venue.u64(of_board(market, board, "expiry"));
        if (venue.has(of_board(market, board, "price_at_expiry"))) {
            book.settled_at = venue.u256(of_board(market, board, "price_at_expiry"));
            book.base_ratio = venue.u256(of_strike(market, strike, "base_ratio"));
        } else {
            decode_live(book, venue, market, board, strike);
        }
        return {};
    }
    if (!account.has("price_at_expiry"))
        return fail(ErrorCode::missing, "strike " + std::to_string(strike) + " is on no board of the venue's: read the account anew");
    book.strike = account.u256("strike_price");
    book.expiry = account.u64("expiry");
    book.settled_at = account.u256("price_at_expiry");
    book.base_ratio = account.u256("base_ratio");
    if (book.settled_at->is_zero())
        return fail(ErrorCode::missing,
                    "strike " + std::to_string(strike) + " is on a board that was new and not settled: read the configuration anew");
    return {};
}

}  // namespace

Result<Book> book_of(const model::Facts& venue_facts, const model::Facts& account_facts, const model::AssetMap& assets) {
    FactReader venue(venue_facts);
    FactReader account(account_facts);
    Book book;
    book.option_market = account.address("option_market");
    const std::optional<std::size_t> market = market_of(venue, book.option_market);
    if (!account.ok()) return fail(account.error());
    if (!venue.ok()) return fail(venue.error());
    if (!market) return fail(ErrorCode::missing, "option market " + book.option_market.to_string() + " is not among the viewer's");
    if (venue.has(of_market(*market, "reason"))) return fail(ErrorCode::missing, venue.text(of_market(*market, "reason")));

    const model::ChainId chain{venue.u64("chain_id")};
    Result<Token> base = mapped(assets, chain, venue.address(of_market(*market, "base")));
    if (!base) return fail(base.error());
    Result<Token> quote = mapped(assets, chain, venue.address(of_market(*market, "quote")));
    if (!quote) return fail(quote.error());
    book.base = *std::move(base);
    book.quote = *std::move(quote);
    book.time = venue.u64("time");
    book.all_paused = venue.boolean("paused");
    book.paused = book.all_paused || venue.boolean(of_market(*market, "paused"));
    book.rate = venue.i256(of_market(*market, "rate"));
    book.label = venue.text(of_market(*market, "name"));
    decode_terms(book, MarketFacts(venue, *market));

    const std::uint64_t type = account.count("type", option_types - 1);
    book.type = static_cast<OptionType>(type);
    book.amount = account.u256("amount");
    book.collateral = account.u256("collateral");
    const std::uint64_t state = account.u64("state");
    if (const Result<void> board = decode_board(book, venue, account, *market); !board) return fail(board.error());
    if (!venue.ok()) return fail(venue.error());
    if (!account.ok()) return fail(account.error());
    if (state != 1) return fail(ErrorCode::out_of_range, "the position's state is " + std::to_string(state) + ", not active");
    if (venue.has(of_market(*market, "spot")))
        book.spot = venue.u256(of_market(*market, "spot"));
    else if (!book.settled() || book.base_collateral())
        return fail(ErrorCode::missing, "no spot price: " + venue.text(of_market(*market, "spot_refused")));
    return book;
}

}  // namespace margind::adapters::protocols::lyra_avalon
