// A double of a protocol with its contracts and of a price feed, over the double of a chain: its state is written block by block, and
// its views are computed here and not by the rule. It proves what a reader makes of answers, logs and branches. It does not prove
// that a real protocol's facts are carried by its logs: that is shown with the real contracts over Anvil.
#pragma once

#include "adapters/adapter.hpp"
#include "risk/model/keccak.hpp"
#include "tests/support/linear_rule.hpp"
#include "tests/support/simulated_chain.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace margind::tests {

/// ETH supplied and USD owed, in thousandths.
struct Holding {
    std::uint64_t supply = 0;
    std::uint64_t debt = 0;
    friend bool operator==(const Holding&, const Holding&) = default;
};

/// Everything at one block. Prices in 1e-8 USD, multiples of 1000.
struct VenueState {
    std::uint64_t revision = 1;
    std::uint64_t price = 300'000'000'000;
    /// The account with an empty sub.
    std::map<model::Address, Holding> holdings{};
    /// Further accounts, whose sub is their number of one digit; there until they are taken away, also with nothing in them.
    std::map<model::Address, std::map<std::uint8_t, Holding>> numbered{};
    std::uint64_t round = 1;
    std::int64_t round_time = 1'700'000'000;
    std::uint64_t answer = 300'000'000'000;
    /// Whose accounts cannot be read.
    std::optional<model::Address> reverting{};
    /// A numbered account that cannot be read.
    std::optional<std::pair<model::Address, std::uint8_t>> reverting_numbered{};
    /// Of a venue that is searched.
    std::uint64_t markets = 0;
};

inline model::Address numbered_address(std::uint8_t kind, std::uint8_t n) {
    model::Address address;
    address.bytes[0] = std::byte{kind};
    address.bytes[19] = std::byte{n};
    return address;
}

inline const model::Bytes32 holding_changed = [] {
    model::Bytes32 topic;
    topic.bytes.fill(std::byte{0x7e});
    return topic;
}();

inline const model::Bytes32 market_made = [] {
    model::Bytes32 topic;
    topic.bytes.fill(std::byte{0x5a});
    return topic;
}();

/// Its calls: one byte of what, then the owner, then the number of the account or 0. Its answers: 64-bit words, big-endian.
class SimulatedVenue : public adapters::Adapter {
public:
    enum Ask : std::uint8_t { revision, prices, list, holding, views };

    /// `watched`: its logs tell of every change of a holding.
    /// `searched_from`: its markets and the accounts of an owner are found by logs from that block on alone.
    SimulatedVenue(model::VenueId id, model::Address contract, bool watched, std::optional<std::uint64_t> searched_from = {})
        : id_(std::move(id)), contract_(contract), watched_(watched), searched_from_(searched_from) {}

    const model::VenueId& venue() const override { return id_; }
    std::unique_ptr<adapters::Reading<model::FactsPtr>> read_config() const override {
        return reading<model::FactsPtr>({call(Ask::revision)}, [](std::span<const Words> words) -> model::Result<model::FactsPtr> {
            model::FactsBuilder facts("linear.config/1");
            facts.add("revision", model::U256(words[0].at(0)));
            return std::move(facts).build();
        });
    }
    std::vector<adapters::Search> searches(const model::Facts&, const model::Address* owner) const override {
        if (!searched_from_) return {};
        adapters::Search search;
        search.from_block = *searched_from_;
        search.filter.addresses.push_back(contract_);
        search.filter.topics = {{owner ? holding_changed : market_made}};
        if (owner) search.filter.topics.push_back({topic_of(*owner)});
        return {search};
    }
    static model::Bytes32 topic_of(const model::Address& owner) {
        model::Bytes32 topic;
        std::copy(owner.bytes.begin(), owner.bytes.end(), topic.bytes.begin() + 12);
        return topic;
    }
    std::unique_ptr<adapters::Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return read_venue_found(std::move(config), block, adapters::Found{});
    }
    /// Its facts hold how many logs of markets, and of accounts of all owners, were found.
    std::unique_ptr<adapters::Reading<model::FactsPtr>> read_venue_found(model::FactsPtr config, const model::BlockRef&, const adapters::Found& found) const override {
        const std::array<std::size_t, 2> counts{found.shared.size(), found.owned.size()};
        return reading<model::FactsPtr>({call(Ask::prices)}, [config, counts](std::span<const Words> words) -> model::Result<model::FactsPtr> {
            if (*config->u64("revision") != words[0].at(0)) return model::fail(model::ErrorCode::missing, "the revision changed");
            model::FactsBuilder facts("linear.venue/1");
            facts.add("found.shared", model::U256(counts[0]));
            facts.add("found.owned", model::U256(counts[1]));
            facts.add("unit_usdc", false);
            facts.add("penalty_bps", model::U256(500));
            facts.add("debt_rate", model::U256(0));
            for (const char* label : {"ETH", "USD"}) {
                facts.add(std::string("lt.") + label, model::U256(8000));
                facts.add(std::string("ltv.") + label, model::U256(7500));
            }
            facts.add("price.ETH", model::U256(words[0].at(1)));
            facts.add("price.USD", model::U256(100'000'000));
            return std::move(facts).build();
        });
    }
    std::unique_ptr<adapters::Reading<adapters::AccountReadings>> read_account(model::FactsPtr, const model::Address& owner, const model::BlockRef&) const override {
        return std::make_unique<AccountsReading>(*this, owner);
    }
    /// The accounts whose numbers were found, as far as they are not empty.
    std::unique_ptr<adapters::Reading<adapters::AccountReadings>> read_account_found(model::FactsPtr, const model::Address& owner, const model::BlockRef&,
                                                                                     std::span<const adapters::Log> found) const override {
        std::set<std::uint64_t> numbers;
        for (const adapters::Log& log : found)
            for (const std::byte number : log.data) numbers.insert(std::to_integer<std::uint64_t>(number));
        return std::make_unique<AccountsReading>(*this, owner, std::vector<std::uint64_t>(numbers.begin(), numbers.end()));
    }
    std::optional<adapters::Watch> watch(const model::Facts&) const override {
        if (!watched_) return std::nullopt;
        adapters::Watch watch;
        watch.addresses.push_back(contract_);
        watch.topics.push_back(holding_changed);
        return watch;
    }
    std::vector<model::Address> touched(const adapters::Log& log) const override {
        model::Address owner;
        std::copy(log.topics.at(1).bytes.begin() + 12, log.topics.at(1).bytes.end(), owner.bytes.begin());
        return {owner};
    }
    std::unique_ptr<adapters::Reading<std::vector<adapters::AccountViews>>> read_views(model::FactsPtr, const model::Address& owner,
                                                                                       std::span<const adapters::AccountReading> held) const override {
        if (!watched_) return nullptr;
        std::vector<adapters::Request> requests{call(Ask::list, owner)};
        std::vector<std::string> subs;
        for (const adapters::AccountReading& account : held) {
            subs.push_back(account.sub);
            requests.push_back(call(Ask::views, owner, number_of(account.sub)));
        }
        return reading<std::vector<adapters::AccountViews>>(
            std::move(requests), [subs](std::span<const Words> words) -> model::Result<std::vector<adapters::AccountViews>> {
                std::vector<adapters::AccountViews> all;
                for (const std::uint64_t number : words[0]) {
                    adapters::AccountViews& account = all.emplace_back();
                    account.sub = sub_of(number);
                    const auto asked = std::find(subs.begin(), subs.end(), account.sub);
                    if (asked != subs.end()) account.views = figures(words[1 + static_cast<std::size_t>(asked - subs.begin())]);
                }
                return all;
            });
    }
    const model::VenueRule& rule() const override { return rule_; }
    std::vector<std::string> limits() const override { return {}; }

    using Words = std::vector<std::uint64_t>;
    /// What the contract answers at a state.
    static model::Result<Words> answer(const VenueState& state, std::span<const std::byte> data) {
        model::Address owner;
        if (data.size() == 22) std::copy(data.begin() + 1, data.begin() + 21, owner.bytes.begin());
        const auto number = std::to_integer<std::uint8_t>(data.back());
        const Holding held = holding_of(state, owner, number);
        const std::uint64_t supplied = held.supply * state.price / 1000;
        switch (static_cast<Ask>(data[0])) {
            case Ask::revision: return Words{state.revision};
            case Ask::prices: return Words{state.revision, state.price};
            case Ask::list: {
                if (state.reverting == owner) return model::fail(model::ErrorCode::reverted, "the list reverts");
                Words numbers;
                if (state.holdings.contains(owner)) numbers.push_back(0);
                if (const auto more = state.numbered.find(owner); more != state.numbered.end())
                    for (const auto& [one, account] : more->second) numbers.push_back(one);
                return numbers;
            }
            case Ask::holding:
                if (state.reverting_numbered == std::pair(owner, number)) return model::fail(model::ErrorCode::reverted, "the account reverts");
                return Words{held.supply, held.debt};
            // Equity as two's complement.
            case Ask::views: return Words{supplied - held.debt * 100'000, supplied - supplied * 8000 / 10000};
        }
        return model::fail(model::ErrorCode::reverted, "no such call");
    }
    /// Number 0: the account with an empty sub.
    static Holding holding_of(const VenueState& state, const model::Address& owner, std::uint8_t number) {
        if (number == 0) {
            const auto found = state.holdings.find(owner);
            return found == state.holdings.end() ? Holding() : found->second;
        }
        const auto found = state.numbered.find(owner);
        if (found == state.numbered.end() || !found->second.contains(number)) return Holding();
        return found->second.at(number);
    }

private:
    template <class T>
    using Decode = std::function<model::Result<T>(std::span<const Words>)>;

    template <class T>
    class OneRound : public adapters::Reading<T> {
    public:
        OneRound(std::vector<adapters::Request> requests, Decode<T> decode) : requests_(std::move(requests)), decode_(std::move(decode)) {}
        std::vector<adapters::Request> next(std::span<const adapters::Reply> replies) override {
            if (replies.empty()) return requests_;
            std::vector<Words> all;
            for (const adapters::Reply& reply : replies) {
                const auto bytes = adapters::reply_bytes(reply);
                if (!bytes) {
                    result_ = model::fail(bytes.error());
                    return {};
                }
                all.push_back(words_of(*bytes));
            }
            result_ = decode_(all);
            return {};
        }
        model::Result<T> result() override { return result_; }

    private:
        std::vector<adapters::Request> requests_;
        Decode<T> decode_;
        model::Result<T> result_;
    };

    // The list of accounts, then each of them.
    class AccountsReading : public adapters::Reading<adapters::AccountReadings> {
    public:
        /// `known`: their numbers, which are not asked for then.
        AccountsReading(const SimulatedVenue& venue, const model::Address& owner, std::optional<std::vector<std::uint64_t>> known = {})
            : venue_(venue), owner_(owner), known_(std::move(known)) {}
        std::vector<adapters::Request> next(std::span<const adapters::Reply> replies) override {
            if (round_ == 0 && known_) {
                round_ = 2;
                return ask(*known_);
            }
            switch (round_++) {
                case 0: return {venue_.call(Ask::list, owner_)};
                case 1: return take_list(replies[0]);
                default: take(replies); return {};
            }
        }
        model::Result<adapters::AccountReadings> result() override { return result_; }

    private:
        std::vector<adapters::Request> take_list(const adapters::Reply& reply) {
            const auto bytes = adapters::reply_bytes(reply);
            if (!bytes) {
                result_ = model::fail(bytes.error());
                return {};
            }
            return ask(words_of(*bytes));
        }
        std::vector<adapters::Request> ask(const std::vector<std::uint64_t>& numbers) {
            std::vector<adapters::Request> requests;
            for (const std::uint64_t number : numbers) {
                result_->emplace_back().sub = sub_of(number);
                requests.push_back(venue_.call(Ask::holding, owner_, static_cast<std::uint8_t>(number)));
                requests.push_back(venue_.call(Ask::views, owner_, static_cast<std::uint8_t>(number)));
            }
            return requests;
        }
        void take(std::span<const adapters::Reply> replies) {
            for (std::size_t i = 0; i < result_->size(); ++i) {
                adapters::AccountReading& account = (*result_)[i];
                const auto held = adapters::reply_bytes(replies[2 * i]);
                const auto views = adapters::reply_bytes(replies[2 * i + 1]);
                if (!held || !views) {
                    account.reason = held ? views.error().message : held.error().message;
                    continue;
                }
                model::FactsBuilder facts("linear.account/1");
                facts.add("supply.ETH", *model::checked_mul(model::U256(words_of(*held).at(0)), model::U256::pow10(15)));
                facts.add("debt.USD", *model::checked_mul(model::U256(words_of(*held).at(1)), model::U256::pow10(15)));
                account.facts = *std::move(facts).build();
                account.views = figures(words_of(*views));
            }
            if (known_) std::erase_if(*result_, [](const adapters::AccountReading& account) { return account.facts && *account.facts->u256("supply.ETH") == model::U256(0); });
        }

        const SimulatedVenue& venue_;
        model::Address owner_;
        std::optional<std::vector<std::uint64_t>> known_;
        int round_ = 0;
        model::Result<adapters::AccountReadings> result_;
    };

    template <class T>
    static std::unique_ptr<adapters::Reading<T>> reading(std::vector<adapters::Request> requests, Decode<T> decode) {
        return std::make_unique<OneRound<T>>(std::move(requests), std::move(decode));
    }
    static Words words_of(std::span<const std::byte> bytes) {
        Words words(bytes.size() / 8);
        for (std::size_t i = 0; i < words.size() * 8; ++i) words[i / 8] = words[i / 8] << 8 | std::to_integer<std::uint64_t>(bytes[i]);
        return words;
    }
    static std::vector<model::NativeFigure> figures(const Words& words) {
        return {{"equity", model::I256(static_cast<std::int64_t>(words.at(0))), 8}, {"maintenance", model::I256(static_cast<std::int64_t>(words.at(1))), 8}};
    }
    static std::string sub_of(std::uint64_t number) { return number == 0 ? std::string() : std::to_string(number); }
    static std::uint8_t number_of(const std::string& sub) { return sub.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(sub.front() - '0'); }
    adapters::Request call(Ask what, std::optional<model::Address> owner = {}, std::uint8_t number = 0) const {
        adapters::Call call;
        call.to = contract_;
        call.data.push_back(static_cast<std::byte>(what));
        if (owner) {
            call.data.insert(call.data.end(), owner->bytes.begin(), owner->bytes.end());
            call.data.push_back(static_cast<std::byte>(number));
        }
        return call;
    }

    model::VenueId id_;
    model::Address contract_;
    bool watched_;
    std::optional<std::uint64_t> searched_from_;
    testing::LinearRule rule_;
};

/// A tree of blocks with the state at each: two venues (the second without logs), one more that is searched, and a feed.
class SimulatedWorld {
public:
    static constexpr std::size_t venue_count = 3;
    static constexpr std::size_t searched = 2;
    using States = std::array<VenueState, venue_count>;
    using Header = adapters::rpc::BlockHeader;

    SimulatedWorld() : tree(model::ChainId{1}, 1'000) { states_[tree.root().ref.hash] = States{}; }

    BlockTree tree;

    static model::Address contract(std::size_t venue) { return numbered_address(0xc0, static_cast<std::uint8_t>(venue)); }
    static model::Address feed() { return numbered_address(0xfe, 0); }

    const States& at(const Header& block) const { return states_.at(block.ref.hash); }
    /// A block after `parent` whose state is what `change` makes of its parent's; changed accounts of the first
    /// venue and of the one that is searched are logged, and the latter's new markets.
    Header mine(const Header& parent, const std::function<void(States&)>& change) {
        States state = at(parent);
        const States before = state;
        change(state);
        const Header block = tree.mine(parent);
        adapters::rpc::Bloom bloom{};
        for (const std::size_t venue : {std::size_t{0}, searched}) {
            std::set<model::Address> all;
            for (const States* states : {&before, static_cast<const States*>(&state)}) {
                for (const auto& [owner, holding] : (*states)[venue].holdings) all.insert(owner);
                for (const auto& [owner, accounts] : (*states)[venue].numbered) all.insert(owner);
            }
            for (const model::Address& owner : all) {
                const auto old = accounts_of(before[venue], owner);
                const auto now = accounts_of(state[venue], owner);
                if (old == now) continue;
                model::Bytes numbers;
                for (const auto& [number, holding] : now)
                    if (!old.contains(number) || old.at(number) != holding) numbers.push_back(static_cast<std::byte>(number));
                add_log(block, venue, {holding_changed, SimulatedVenue::topic_of(owner)}, std::move(numbers), bloom);
            }
        }
        for (std::uint64_t made = before[searched].markets; made < state[searched].markets; ++made) add_log(block, searched, {market_made}, {}, bloom);
        blooms_[block.ref.hash] = bloom;
        states_[block.ref.hash] = std::move(state);
        return block;
    }

    /// Serves the states; `lie` changes what it says of them.
    std::unique_ptr<SimulatedOperator> make_operator(const std::string& name, std::function<void(States&)> lie = {}) const {
        auto made = std::make_unique<SimulatedOperator>(tree, name);
        made->forge = [this](Header header) {
            if (const auto bloom = blooms_.find(header.ref.hash); bloom != blooms_.end()) header.logs_bloom = bloom->second;
            return header;
        };
        made->serve_logs = [this](const adapters::Logs& filter, const Header& block) -> model::Result<std::vector<adapters::Log>> {
            const auto found = logs_.find(block.ref.hash);
            std::vector<adapters::Log> logs;
            if (found != logs_.end()) std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(logs), [&](const adapters::Log& log) { return asked_for(filter, log); });
            return logs;
        };
        made->serve_run = [this, lie](const SimulatedOperator::Readings& readings, const model::BlockRef& block) {
            States state = states_.at(block.hash);
            if (lie) lie(state);
            for (adapters::AnyReading* reading : readings) run(*reading, state);
            return model::Result<void>{};
        };
        return made;
    }

private:
    static std::map<std::uint8_t, Holding> accounts_of(const VenueState& state, const model::Address& owner) {
        std::map<std::uint8_t, Holding> all;
        if (const auto found = state.numbered.find(owner); found != state.numbered.end()) all = found->second;
        if (const auto found = state.holdings.find(owner); found != state.holdings.end()) all.emplace(0, found->second);
        return all;
    }
    // As a node filters.
    static bool asked_for(const adapters::Logs& filter, const adapters::Log& log) {
        const auto any = [](const auto& choices, const auto& value) { return choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end(); };
        if (!any(filter.addresses, log.address) || log.topics.size() < filter.topics.size()) return false;
        for (std::size_t i = 0; i < filter.topics.size(); ++i)
            if (!any(filter.topics[i], log.topics[i])) return false;
        return true;
    }
    // Yellow Paper (17) and (24).
    static void put(adapters::rpc::Bloom& bloom, std::span<const std::byte> item) {
        const model::Bytes32 hash = model::keccak256(item);
        for (std::size_t i = 0; i < 6; i += 2) {
            const unsigned bit = (std::to_integer<unsigned>(hash.bytes[i]) * 256 + std::to_integer<unsigned>(hash.bytes[i + 1])) % 2048;
            bloom[255 - bit / 8] |= static_cast<std::byte>(1U << (bit % 8));
        }
    }
    void add_log(const Header& block, std::size_t venue, std::vector<model::Bytes32> topics, model::Bytes data, adapters::rpc::Bloom& bloom) {
        adapters::Log log;
        log.address = contract(venue);
        log.topics = std::move(topics);
        log.data = std::move(data);
        log.block_number = block.ref.number;
        log.block_hash = block.ref.hash;
        log.log_index = static_cast<std::uint32_t>(logs_[block.ref.hash].size());
        put(bloom, std::as_bytes(std::span(log.address.bytes)));
        for (const model::Bytes32& topic : log.topics) put(bloom, std::as_bytes(std::span(topic.bytes)));
        logs_[block.ref.hash].push_back(std::move(log));
    }

    static model::Bytes bytes_of(std::span<const std::uint64_t> words, std::size_t width) {
        model::Bytes bytes(words.size() * width);
        for (std::size_t i = 0; i < words.size(); ++i)
            for (std::size_t k = 0; k < 8; ++k) bytes[(i + 1) * width - 1 - k] = static_cast<std::byte>(words[i] >> (8 * k) & 0xff);
        return bytes;
    }
    static adapters::Reply reply_to(const adapters::Request& request, const States& states) {
        using Payload = std::variant<model::Bytes, std::vector<adapters::Log>>;
        const auto* call = std::get_if<adapters::Call>(&request);
        if (!call) return Payload(model::Bytes(1));
        // It has no bounds and stands for no other.
        const bool known = call->data[0] == std::byte{0x72} || call->data[0] == std::byte{0x31} || call->data[0] == std::byte{0xfe};
        if (call->to == feed() && !known) return model::fail(model::ErrorCode::reverted, "no such view");
        if (call->to == feed()) return Payload(feed_answer(call->data, states[0]));
        for (std::size_t venue = 0; venue < states.size(); ++venue) {
            if (call->to != contract(venue)) continue;
            const auto words = SimulatedVenue::answer(states[venue], call->data);
            if (!words) return model::fail(words.error());
            return Payload(bytes_of(*words, 8));
        }
        return model::fail(model::ErrorCode::reverted, "no such contract");
    }
    // latestRoundData, decimals, description; the ABI's words.
    static model::Bytes feed_answer(std::span<const std::byte> data, const VenueState& state) {
        if (data[0] == std::byte{0x72}) {
            const std::string text = "ETH / USD";
            model::Bytes bytes = bytes_of(std::vector<std::uint64_t>{32, text.size(), 0}, 32);
            std::transform(text.begin(), text.end(), bytes.begin() + 64, [](char c) { return static_cast<std::byte>(c); });
            return bytes;
        }
        if (data[0] == std::byte{0x31}) return bytes_of(std::vector<std::uint64_t>{8}, 32);
        const auto time = static_cast<std::uint64_t>(state.round_time);
        return bytes_of(std::vector<std::uint64_t>{state.round, state.answer, time, time, state.round}, 32);
    }
    static void run(adapters::AnyReading& reading, const States& states) {
        std::vector<adapters::Reply> replies;
        for (;;) {
            const std::vector<adapters::Request> requests = reading.next(replies);
            if (requests.empty()) return;
            replies.clear();
            for (const adapters::Request& request : requests) replies.push_back(reply_to(request, states));
        }
    }

    std::map<model::Bytes32, States> states_;
    std::map<model::Bytes32, adapters::rpc::Bloom> blooms_;
    std::map<model::Bytes32, std::vector<adapters::Log>> logs_;
};

}  // namespace margind::tests
