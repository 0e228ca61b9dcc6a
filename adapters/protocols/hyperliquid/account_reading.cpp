// Reads all positions of an owner, and everything that their margin follows from at one state of HyperCore.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/hyperliquid/core.hpp"
#include "adapters/protocols/hyperliquid/readings.hpp"
#include "adapters/protocols/hyperliquid/rule.hpp"
#include "adapters/staged_reading.hpp"

#include <algorithm>

namespace margind::adapters::protocols::hyperliquid {

using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::I256;
using model::Result;
using model::U256;

namespace {

struct DexRange {
    Dex dex;
    std::uint64_t perps = 0;
};

/// Takes the answers of a batch in their order and keeps the first error.
class Taking {
public:
    explicit Taking(const CoreAnswers& answers) : answers_(answers) {}
    template <class F, class... What>
    auto next(F decode, What... what) {
        auto value = decode(answers_.results[at_++].data, what...);
        if (!value && !error_) error_ = value.error();
        return value ? *std::move(value) : typename decltype(value)::value_type{};
    }
    const std::optional<model::Error>& error() const { return error_; }

private:
    const CoreAnswers& answers_;
    std::size_t at_ = 0;
    std::optional<model::Error> error_;
};

class OwnerReading final : public StagedReading<AccountReadings> {
public:
    OwnerReading(FactsPtr venue, const model::Address& owner, const model::BlockRef& block, Mode mode)
        : venue_(std::move(venue)), owner_(owner), block_(block), mode_(mode) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: return ask_all();
            case 1: return ask_held(replies);
            case 2: return take_held(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<AccountReadings> finish() override {
        std::sort(accounts_.begin(), accounts_.end(), [](const AccountReading& a, const AccountReading& b) { return a.sub < b.sub; });
        return std::move(accounts_);
    }

private:
    Result<std::vector<Request>> ask_all() {
        if (venue_->schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue_->schema() + ", not " + venue_schema);
        FactReader in(*venue_);
        multicall_ = in.address("multicall");
        const std::uint64_t dexes = in.count("dexs", max_dexes);
        for (std::size_t i = 0; i < dexes && in.ok(); ++i)
            ranges_.push_back({{in.count(item("dex", i, "number"), ~std::uint32_t{0}), in.count(item("dex", i, "token"), ~std::uint32_t{0})},
                               in.count(item("dex", i, "perps"), max_perps_per_dex)});
        const std::uint64_t pairs = in.count("pairs", max_spot_tokens);
        for (std::size_t i = 0; i < pairs && in.ok(); ++i)
            pairs_.push_back({in.count(item("pair", i, "token"), ~std::uint32_t{0}), in.count(item("pair", i, "pair"), ~std::uint32_t{0})});
        if (!in.ok()) return fail(in.error());
        batch_.emplace(multicall_);
        batch_->add(core_call(Precompile::core_user_exists, evm::AbiWriter().address(owner_)));
        for (const DexRange& range : ranges_)
            for (std::uint64_t i = 0; i < range.perps; ++i) {
                swept_.push_back(range.dex.number * perps_of_dex + i);
                batch_->add(position_call(owner_, swept_.back()));
            }
        return std::vector<Request>{batch_->request()};
    }

    Result<std::vector<Request>> ask_held(std::span<const Reply> replies) {
        const Result<CoreAnswers> answers = batch_->take(replies.front(), block_.number);
        if (!answers) return fail(answers.error());
        Taking taking(*answers);
        const bool exists = taking.next(decode_boolean, "coreUserExists");
        for (const std::uint64_t perp : swept_)
            if (!taking.next(decode_position).szi.is_zero()) held_.push_back(perp);
        if (taking.error()) return fail(*taking.error());
        if (!exists && held_.empty()) return std::vector<Request>{};
        const evm::AbiWriter of = evm::AbiWriter().address(owner_);
        batch_.emplace(multicall_);
        for (const DexRange& range : ranges_)
            batch_->add(core_call(Precompile::account_margin_summary, evm::AbiWriter().u256(U256(range.dex.number)).address(owner_)));
        batch_->add(core_call(Precompile::withdrawable, of));
        batch_->add(core_call(Precompile::spot_balance, evm::AbiWriter().address(owner_).u256(U256(usdc_token))));
        for (const SpotPair& one : pairs_) {
            batch_->add(core_call(Precompile::spot_balance, evm::AbiWriter().address(owner_).u256(U256(one.token))));
            batch_->add(core_call(Precompile::token_info, evm::AbiWriter().u256(U256(one.token))));
            batch_->add(core_call(Precompile::spot_px, evm::AbiWriter().u256(U256(one.pair))));
        }
        for (const std::uint64_t perp : held_) {
            const evm::AbiWriter index = evm::AbiWriter().u256(U256(perp));
            batch_->add(core_call(Precompile::perp_asset_info, index));
            batch_->add(position_call(owner_, perp));
            batch_->add(core_call(Precompile::mark_px, index));
            batch_->add(core_call(Precompile::oracle_px, index));
        }
        return std::vector<Request>{batch_->request()};
    }

    Result<std::vector<Request>> take_held(std::span<const Reply> replies) {
        if (replies.empty()) return std::vector<Request>{};
        const Result<CoreAnswers> answers = batch_->take(replies.front(), block_.number);
        if (!answers) return fail(answers.error());
        Taking taking(*answers);
        std::vector<MarginSummary> summaries;
        for (std::size_t i = 0; i < ranges_.size(); ++i) summaries.push_back(taking.next(decode_summary));
        const std::uint64_t withdrawable = taking.next(decode_u64, "withdrawable");
        const SpotBalance usdc = taking.next(decode_spot_balance);
        std::vector<RawSpot> spots;
        // Priced as what it is in: 8 decimals, one for one.
        if (!usdc.total.is_zero()) spots.push_back({usdc_token, "USDC", 8, 8, usdc.total, U256(1)});
        for (const SpotPair& one : pairs_) {
            const SpotBalance balance = taking.next(decode_spot_balance);
            const TokenInfo info = taking.next(decode_token_info);
            const std::uint64_t price = taking.next(decode_u64, "spotPx");
            if (!balance.total.is_zero()) spots.push_back({one.token, info.name, info.wei_decimals, info.sz_decimals, balance.total, U256(price)});
        }
        std::vector<RawPosition> positions;
        for (const std::uint64_t perp : held_) {
            const PerpInfo info = taking.next(decode_perp_info);
            const CorePosition held = taking.next(decode_position);
            const std::uint64_t mark = taking.next(decode_u64, "markPx");
            const std::uint64_t oracle = taking.next(decode_u64, "oraclePx");
            if (held.szi.is_zero()) continue;
            positions.push_back({perp, info.coin, info.margin_table, info.sz_decimals, info.max_leverage, held.szi, held.entry_ntl, held.isolated_raw_usd,
                                 held.leverage, held.is_isolated, U256(mark), U256(oracle)});
        }
        if (taking.error()) return fail(*taking.error());
        RawAccount common;
        common.mode = to_string(mode_);
        common.spot_total = usdc.total;
        RawAccount unified = common;
        unified.spots = spots;
        for (std::size_t i = 0; i < ranges_.size(); ++i) {
            const Dex& dex = ranges_[i].dex;
            std::vector<RawPosition> own;
            std::copy_if(positions.begin(), positions.end(), std::back_inserter(own), [&](const RawPosition& p) { return p.perp / perps_of_dex == dex.number; });
            for (const RawPosition& position : own) {
                if (!position.is_isolated) continue;
                RawAccount isolated;
                isolated.mode = common.mode;
                isolated.isolated = true;
                isolated.dex = dex.number;
                isolated.token = dex.token;
                isolated.positions.push_back(position);
                const Result<void> added = add("isolated." + std::to_string(position.perp), isolated, *answers, {});
                if (!added) return fail(added.error());
            }
            if (mode_ == Mode::unified && dex.token == usdc_token) {
                unified.positions.insert(unified.positions.end(), own.begin(), own.end());
                continue;
            }
            const Result<void> added = add_cross(dex, summaries[i], i == 0 ? withdrawable : 0, common, i == 0 ? spots : std::vector<RawSpot>{}, std::move(own), *answers);
            if (!added) return fail(added.error());
        }
        if (mode_ != Mode::unified || (unified.positions.empty() && unified.spot_total.is_zero() && unified.spots.empty())) return std::vector<Request>{};
        const Result<void> added = add("unified", unified, *answers, {});
        if (!added) return fail(added.error());
        return std::vector<Request>{};
    }

    Result<void> add_cross(const Dex& dex, const MarginSummary& summary, std::uint64_t withdrawable, const RawAccount& common, std::vector<RawSpot> spots,
                           std::vector<RawPosition> own, const CoreAnswers& answers) {
        const bool crossed = std::any_of(own.begin(), own.end(), [](const RawPosition& p) { return !p.is_isolated; });
        if (!crossed && summary.account_value.is_zero() && summary.raw_usd.is_zero() && spots.empty()) return {};
        RawAccount cross = common;
        cross.dex = dex.number;
        cross.token = dex.token;
        cross.account_value = summary.account_value;
        cross.margin_used = summary.margin_used;
        cross.ntl_pos = summary.ntl_pos;
        cross.raw_usd = summary.raw_usd;
        cross.withdrawable = U256(withdrawable);
        cross.positions = std::move(own);
        cross.spots = std::move(spots);
        const std::optional<I256> notional = I256::from(summary.ntl_pos);
        return add("dex." + std::to_string(dex.number), cross, answers, {{view_account_value, summary.account_value, 6}, {view_ntl_pos, notional.value_or(I256()), 6}});
    }

    Result<void> add(std::string sub, const RawAccount& raw, const CoreAnswers& answers, std::vector<model::NativeFigure> views) {
        model::FactsBuilder builder{account_schema};
        add_facts(raw, builder);
        builder.add("l1_block", U256(answers.l1_block));
        builder.add("evm_block", U256(answers.evm_block));
        Result<FactsPtr> facts = std::move(builder).build();
        if (!facts) return fail(facts.error());
        AccountReading account{std::move(sub), std::move(*facts), {}, std::move(views)};
        account.agrees = agree;
        accounts_.push_back(std::move(account));
        return {};
    }

    FactsPtr venue_;
    model::Address owner_;
    model::BlockRef block_;
    Mode mode_;
    model::Address multicall_;
    std::vector<DexRange> ranges_;
    std::vector<SpotPair> pairs_;
    std::vector<std::uint64_t> swept_;
    std::vector<std::uint64_t> held_;
    std::optional<CoreBatch> batch_;
    AccountReadings accounts_;
};

/// By how much readings of different moments may differ: a 50th.
constexpr std::uint64_t tolerated = 50;

/// Within 2 % of the larger.
bool near(const U256& a, const U256& b) {
    const U256& larger = std::max(a, b);
    const std::optional<U256> apart = checked_sub(larger, std::min(a, b));
    const std::optional<U256> scaled = checked_mul(*apart, U256(tolerated));
    return scaled && *scaled <= larger;
}

/// Apart by at most 2 % of `whole`.
bool near(const I256& a, const I256& b, const U256& whole) {
    const std::optional<I256> apart = checked_sub(a, b);
    const std::optional<U256> scaled = apart ? checked_mul(apart->magnitude(), U256(tolerated)) : std::nullopt;
    return scaled && *scaled <= whole;
}

bool same_spots(const std::vector<RawSpot>& a, const std::vector<RawSpot>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RawSpot& s, const RawSpot& t) {
        return std::tie(s.token, s.name, s.wei_decimals, s.sz_decimals) == std::tie(t.token, t.name, t.wei_decimals, t.sz_decimals) && near(s.total, t.total) &&
               near(s.price, t.price);
    });
}

bool same_holdings(const RawPosition& a, const RawPosition& b) {
    return std::tie(a.perp, a.coin, a.margin_table, a.sz_decimals, a.max_leverage, a.szi, a.entry_ntl, a.leverage, a.is_isolated) ==
           std::tie(b.perp, b.coin, b.margin_table, b.sz_decimals, b.max_leverage, b.szi, b.entry_ntl, b.leverage, b.is_isolated);
}

}  // namespace

bool agree(const AccountReading& a, const AccountReading& b) {
    if (!a.facts || !b.facts) return !a.facts && !b.facts;
    const Result<RawAccount> x = raw_account(*a.facts);
    const Result<RawAccount> y = raw_account(*b.facts);
    const Result<std::uint64_t> at_x = a.facts->u64("evm_block");
    const Result<std::uint64_t> at_y = b.facts->u64("evm_block");
    if (!x || !y || !at_x || !at_y) return false;
    if (x->isolated != y->isolated || x->dex != y->dex || x->positions.size() != y->positions.size()) return false;
    const bool together = std::max(*at_x, *at_y) - std::min(*at_x, *at_y) <= blocks_apart;
    if (together && (!near(x->spot_total, y->spot_total) || !same_spots(x->spots, y->spots))) return false;
    U256 notional;
    for (std::size_t i = 0; i < x->positions.size(); ++i) {
        const RawPosition& p = x->positions[i];
        const RawPosition& q = y->positions[i];
        if (!same_holdings(p, q)) return false;
        if (together && (!near(p.mark, q.mark) || !near(p.oracle, q.oracle))) return false;
        notional = checked_add(notional, checked_mul(p.szi.magnitude(), p.mark).value_or(U256())).value_or(U256());
    }
    if (!together) return true;
    // What every position is worth, and the account.
    const std::optional<U256> whole = checked_add(notional, std::max(x->account_value.magnitude(), y->account_value.magnitude()));
    if (!whole || !near(x->account_value, y->account_value, *whole) || !near(x->raw_usd, y->raw_usd, *whole)) return false;
    // The cash of an isolated position moves by funding, which is a share of its notional.
    for (std::size_t i = 0; i < x->positions.size(); ++i) {
        const RawPosition& p = x->positions[i];
        const std::optional<U256> own = checked_mul(p.szi.magnitude(), p.mark);
        if (!own || !near(p.isolated_raw_usd, y->positions[i].isolated_raw_usd, *own)) return false;
    }
    return true;
}

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const model::Address& owner, const model::BlockRef& block, Mode mode) {
    return std::make_unique<OwnerReading>(std::move(venue), owner, block, mode);
}

}  // namespace margind::adapters::protocols::hyperliquid
