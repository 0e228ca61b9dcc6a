// Books of paper accounts, valued and unified. They stand in for venues where only risk/ is under test, and prove nothing of any
// venue's rule.
#pragma once

#include "risk/backtest/paper_account.hpp"
#include "risk/kept_book.hpp"
#include "risk/path.hpp"
#include "risk/revaluation.hpp"
#include "risk/unified.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::testing {

using risk::backtest::paper_contract;
using risk::backtest::paper_money;
using risk::backtest::paper_raw;
using risk::backtest::PaperAccount;
using risk::backtest::PaperHolder;
using risk::backtest::PaperOption;
using risk::backtest::PaperPosition;
using risk::backtest::paper_decimals;

struct PaperBook {
    std::int64_t time = 1'700'000'000;
    std::map<std::string, double> usd;
    std::map<std::string, std::uint32_t> confidence_ppm;
    std::vector<PaperHolder> holders;
    model::Market market;
    model::Policy policy;

    using Accounts = std::vector<std::shared_ptr<const PaperAccount>>;
    Accounts accounts() const {
        Accounts all;
        for (const PaperHolder& holder : holders) all.push_back(std::make_shared<const PaperAccount>(holder, usd, time));
        return all;
    }
    model::Result<risk::UnifiedBook> unify(unsigned threads = 1, const risk::KeptBook* before = nullptr) const {
        return unify(accounts(), threads, before);
    }

    model::Result<risk::UnifiedBook> unify(const Accounts& prepared, unsigned threads = 1, const risk::KeptBook* before = nullptr) const {
        std::vector<model::ReferencePrice> prices;
        for (const auto& [asset, price] : usd) {
            model::ReferencePrice row;
            row.asset = {asset};
            row.chain = model::ChainId{1};
            row.source = "paper:" + asset;
            row.raw = paper_raw(price);
            row.decimals = paper_decimals;
            if (const auto confidence = confidence_ppm.find(asset); confidence != confidence_ppm.end()) row.confidence_ppm = confidence->second;
            prices.push_back(std::move(row));
        }
        std::vector<model::AccountKey> keys;
        std::vector<std::vector<model::Position>> positions;
        for (std::size_t i = 0; i < holders.size(); ++i) {
            keys.push_back({{holders[i].venue, model::ChainId{1}, ""}, {}, std::to_string(i)});
            positions.push_back(*prepared[i]->positions(prepared[i]->current()));
        }
        std::vector<risk::BookAccount> book;
        for (std::size_t i = 0; i < holders.size(); ++i) book.push_back({keys[i], *prepared[i], positions[i], time});
        return risk::unify(book, market, policy, risk::Valuation(prices), threads, before);
    }
};

}  // namespace margind::testing
