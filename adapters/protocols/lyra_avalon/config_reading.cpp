// From the viewer to every market's contracts, its live boards and their strikes.
#include "adapters/protocols/lyra_avalon/calls.hpp"
#include "adapters/protocols/lyra_avalon/facts.hpp"
#include "adapters/protocols/lyra_avalon/readings.hpp"

#include <algorithm>
#include <set>

namespace margind::adapters::protocols::lyra_avalon {

namespace {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::Result;
using model::U256;

/// The viewer's OptionMarketAddresses, as far as it is needed.
struct Contracts {
    Address greek_cache;
    Address option_market;
    Address pricer;
    Address option_token;
    Address quote;
    Address base;
};

Contracts read_contracts(evm::AbiReader& reader) {
    Contracts contracts;
    reader.skip(2);
    contracts.greek_cache = reader.address();
    contracts.option_market = reader.address();
    contracts.pricer = reader.address();
    contracts.option_token = reader.address();
    reader.skip(2);
    contracts.quote = reader.address();
    contracts.base = reader.address();
    return contracts;
}

class ConfigReading final : public StagedReading<model::FactsPtr> {
public:
    ConfigReading(const model::VenueId& venue, const Address& viewer) : venue_(venue), viewer_(viewer) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        Answers answers(replies);
        std::vector<Request> requests;
        switch (number) {
            case 0: return std::vector<Request>{Code{viewer_}, view(viewer_, "getMarketAddresses()"), view(viewer_, "synthetixAdapter()")};
            case 1: {
                if (Result<void> taken = take_viewer(answers); !taken) return fail(taken.error());
                requests = ask_markets();
                break;
            }
            case 2:
                take_markets(answers);
                requests = ask_boards();
                break;
            case 3: take_boards(answers); break;
            default: break;
        }
        if (answers.error()) return fail(*answers.error());
        return requests;
    }

    Result<model::FactsPtr> finish() override { return std::move(facts_).build(); }

private:
    struct Board {
        std::size_t market = 0;
        U256 id;
        std::vector<U256> strikes;
    };

    Result<void> take_viewer(Answers& answers) {
        const Result<model::Bytes> code = answers.next("code of the viewer");
        if (!code) return fail(code.error());
        if (code->empty())
            return fail(ErrorCode::no_code, "no contract at the option_market_viewer " + viewer_.to_string() + " on chain " +
                                                std::to_string(venue_.chain.value));
        markets_ = answers.take("OptionMarketViewer.getMarketAddresses",
                                [](evm::AbiReader& reader) { return reader.array(max_markets, read_contracts); });
        adapter_ = answers.address("OptionMarketViewer.synthetixAdapter");
        if (answers.error()) return fail(*answers.error());
        facts_.add("chain_id", U256(venue_.chain.value));
        facts_.add("viewer", viewer_);
        facts_.add("synthetix_adapter", adapter_);
        facts_.add("markets", U256(markets_.size()));
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            facts_.add(of_market(i, "greek_cache"), markets_[i].greek_cache);
            facts_.add(of_market(i, "option_market"), markets_[i].option_market);
            facts_.add(of_market(i, "pricer"), markets_[i].pricer);
            facts_.add(of_market(i, "option_token"), markets_[i].option_token);
            facts_.add(of_market(i, "quote"), markets_[i].quote);
            facts_.add(of_market(i, "base"), markets_[i].base);
        }
        return {};
    }

    std::vector<Request> ask_markets() const {
        std::vector<Request> requests;
        for (const Contracts& market : markets_) {
            requests.push_back(view(adapter_, "baseKey(address)", evm::AbiWriter().address(market.option_market)));
            requests.push_back(view(market.base, "symbol()"));
            requests.push_back(view(market.option_market, "getLiveBoards()"));
        }
        requests.push_back(view(adapter_, "exchanger()"));
        return requests;
    }

    void take_markets(Answers& answers) {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            const std::string where = "market " + markets_[i].option_market.to_string() + ": ";
            facts_.add(of_market(i, "base_key"), answers.take(where + "baseKey", [](evm::AbiReader& r) { return r.bytes32(); }));
            names.push_back(answers.take(where + "symbol", [](evm::AbiReader& r) { return std::string(r.string()); }));
            const auto boards = answers.take(where + "getLiveBoards", [](evm::AbiReader& r) {
                return r.array(max_boards, [](evm::AbiReader& inner) { return inner.u256(); });
            });
            for (const U256& id : boards) boards_.push_back({i, id, {}});
        }
        facts_.add("exchanger", answers.address("SynthetixAdapter.exchanger"));
        for (std::size_t i = 0; i < markets_.size(); ++i) facts_.add(of_market(i, "name"), to_bytes(name_of(i, names)));
    }

    /// The base token's symbol where it is plain and no other market's, else the market's address.
    std::string name_of(std::size_t market, const std::vector<std::string>& names) const {
        const std::string& name = names[market];
        const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.'; };
        const bool good = !name.empty() && name.size() <= 16 && std::all_of(name.begin(), name.end(), plain);
        if (good && std::count(names.begin(), names.end(), name) == 1) return name;
        return markets_[market].option_market.to_string();
    }

    std::vector<Request> ask_boards() const {
        std::vector<Request> requests;
        for (const Board& board : boards_)
            requests.push_back(view(markets_[board.market].option_market, "getOptionBoard(uint256)", evm::AbiWriter().u256(board.id)));
        return requests;
    }

    void take_boards(Answers& answers) {
        std::vector<std::uint64_t> of_each(markets_.size());
        for (Board& board : boards_) {
            std::uint64_t expiry = 0;
            answers.take("getOptionBoard " + board.id.to_decimal(), [&](evm::AbiReader& reader) {
                evm::AbiReader fields = reader.tuple();
                fields.skip(1);
                expiry = fields.u64(64);
                fields.skip(2);
                board.strikes = fields.array(max_strikes, [](evm::AbiReader& inner) { return inner.u256(); });
                return true;
            });
            const std::string prefix = "boards." + std::to_string(of_each[board.market]++) + '.';
            facts_.add(of_market(board.market, prefix + "id"), board.id);
            facts_.add(of_market(board.market, prefix + "expiry"), U256(expiry));
            facts_.add(of_market(board.market, prefix + "strikes"), U256(board.strikes.size()));
            for (std::size_t k = 0; k < board.strikes.size(); ++k)
                facts_.add(of_market(board.market, prefix + std::to_string(k)), board.strikes[k]);
        }
        for (std::size_t i = 0; i < of_each.size(); ++i) facts_.add(of_market(i, "boards"), U256(of_each[i]));
    }

    model::VenueId venue_;
    Address viewer_;
    Address adapter_;
    std::vector<Contracts> markets_;
    std::vector<Board> boards_;
    model::FactsBuilder facts_{config_schema};
};

}  // namespace

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const model::VenueId& venue, const Address& viewer) {
    return std::make_unique<ConfigReading>(venue, viewer);
}

}  // namespace margind::adapters::protocols::lyra_avalon
