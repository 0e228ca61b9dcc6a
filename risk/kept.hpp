// What an evaluation found of each account, and all that it follows from.
#pragma once

#include "risk/account.hpp"
#include "risk/kept_book.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace margind::risk {

using AccountEvaluations = std::map<model::AccountKey, std::shared_ptr<const AccountEvaluation>>;

/// By portfolio; null where it had no figures.
using KeptBooks = std::map<std::string, std::shared_ptr<const KeptBook>>;

class Kept {
public:
    /// `assets` are the snapshot's with the ratios that its venues read.
    Kept(const model::Snapshot& snapshot, model::AssetMap assets, const model::Bytes32& market, const model::Bytes32& policy, Valuation valuation,
         AccountEvaluations evaluations, KeptBooks books);

    /// Looks up what is still true of accounts of one snapshot.
    class Lookup {
    public:
        Lookup(const Kept* kept, const model::Snapshot& snapshot, const model::AssetMap& assets, const model::Bytes32& market, const model::Bytes32& policy, const Valuation& valuation);
        /// Null: to be evaluated.
        std::shared_ptr<const AccountEvaluation> find(const model::MarginAccount& account) const;
        /// Null: nothing is kept of that portfolio's book.
        const KeptBook* book(const std::string& portfolio) const;

    private:
        /// Whether an asset that the evaluation values something at is worth something else.
        bool is_revalued(const AccountEvaluation& evaluation) const;
        const Kept* kept_;
        /// Market and policy are the same.
        bool same_rules_ = false;
        std::set<model::AssetId> revalued_;
        std::set<model::VenueId> unchanged_;
    };

private:
    std::map<model::ChainId, model::BlockRef> blocks_;
    model::AssetMap assets_;
    std::vector<model::ReferencePrice> prices_;
    std::vector<model::Venue> venues_;
    std::map<model::AccountKey, model::MarginAccount> accounts_;
    model::Bytes32 market_;
    model::Bytes32 policy_;
    Valuation valuation_;
    AccountEvaluations evaluations_;
    KeptBooks books_;
};

}  // namespace margind::risk
