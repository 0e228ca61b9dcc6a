// One chain through several operators: everything that is configured for it at one block, as two of them agree on it.
#include "daemon/chain_reader.hpp"

#include <algorithm>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::rpc::BlockHeader;
using model::Result;
using Owners = std::shared_ptr<const std::vector<model::Address>>;

Owners sorted(std::vector<model::Address> owners) {
    std::sort(owners.begin(), owners.end());
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    return std::make_shared<const std::vector<model::Address>>(std::move(owners));
}

Owners owners_of(const config::Settings& settings) {
    std::vector<model::Address> all;
    for (const model::Portfolio& portfolio : settings.portfolios)
        for (const auto* list : {&portfolio.owners, &portfolio.wallets}) all.insert(all.end(), list->begin(), list->end());
    return sorted(std::move(all));
}

std::shared_ptr<const Scope> scope_of(const config::Settings& settings, model::ChainId chain, Adapters venues) {
    auto scope = std::make_shared<Scope>();
    scope->chain = chain;
    scope->adapters = std::move(venues);
    for (const auto& [id, adapter] : scope->adapters) scope->venues.push_back(adapter.get());
    scope->feeds = config::feeds_of(settings, chain);
    return scope;
}

Head head_of(const BlockHeader& header) {
    Head head;
    head.block = header.ref;
    head.parent = header.parent;
    return head;
}

// For as long as a reading that carries forward is under way, whatever ends it.
class Mark {
public:
    explicit Mark(bool* flag) : flag_(flag) {
        if (flag_) *flag_ = true;
    }
    ~Mark() {
        if (flag_) *flag_ = false;
    }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

private:
    bool* flag_;
};

}  // namespace

ChainReader::ChainReader(ChainReaderParts parts, Adapters venues)
    : parts_(std::move(parts)),
      scope_(scope_of(parts_.settings, parts_.chain, std::move(venues))),
      packages_(parts_.http ? std::make_unique<Packages>(*parts_.http, scope_->feeds) : nullptr),
      panel_(parts_.executor, parts_.operators, parts_.settings.chains.at(parts_.chain).block_time),
      disputes_(parts_.chain, parts_.metrics),
      reading_parts_{scope_, parts_.settings.assets, panel_, parts_.heads, disputes_, parts_.settings.chains.at(parts_.chain).verify_every_blocks, packages_.get(), parts_.searcher},
      owners_(owners_of(parts_.settings)),
      known_(scope_->venues.size(), owners_->size()) {}

Result<std::unique_ptr<ChainReader>> ChainReader::make(ChainReaderParts parts) {
    auto venues = make_adapters(parts.settings, parts.chain);
    if (!venues) return model::fail(venues.error());
    return std::make_unique<ChainReader>(std::move(parts), std::move(*venues));
}

asio::awaitable<Result<Head>> ChainReader::head() {
    const auto header = parts_.heads.head();
    if (!header) co_return model::fail(header.error());
    std::string all_away;
    for (std::size_t place = 0; place < panel_.size(); ++place) {
        if (panel_.at(place).alive()) co_return head_of(*header);
        all_away += (all_away.empty() ? "" : "; ") + panel_.at(place).trouble();
    }
    co_return model::fail(model::ErrorCode::unreachable, all_away, model::Retry::later);
}

asio::awaitable<void> ChainReader::wait(std::chrono::milliseconds longest) {
    const std::uint64_t seen = seen_;
    co_await parts_.heads.wait(seen, longest);
    seen_ = parts_.heads.version();
}

asio::awaitable<Result<std::optional<Head>>> ChainReader::block_at(std::uint64_t number) {
    const auto header = co_await parts_.heads.block_at(number);
    if (!header) co_return model::fail(header.error());
    std::optional<Head> found;
    if (*header) found = head_of(**header);
    co_return found;
}

asio::awaitable<Result<ChainReading>> ChainReader::read(model::BlockRef block, std::vector<model::Address> owners, ReadOptions options) {
    const Owners whose = sorted(std::move(owners));
    const bool carried = !carrying_ && !whose->empty() && *whose == *owners_;
    Mark mark(carried ? &carrying_ : nullptr);
    // A copy, so that a reading that fails changes nothing.
    auto known = carried ? std::make_unique<Known>(known_) : std::make_unique<Known>(scope_->venues.size(), whose->size());
    if (!carried) known->configs = known_.configs;
    if (packages_) co_await packages_->refresh();
    BlockReader reader(reading_parts_, *known, block, whose, std::move(options), carried);
    auto reading = co_await reader.run();
    if (!carried) co_return reading;
    if (reading) {
        known_ = std::move(*known);
        for (const CarriedSearch& search : known_.searches.all())
            if (parts_.searcher && search.reached) parts_.searcher->carry(*search.wanted, search.state, block, reader.fork());
    }
    alone_ = reader.alone();
    co_return reading;
}

ChainReading ChainReader::unread(const std::vector<model::Address>& owners, const std::string& reason) const {
    ChainReading reading;
    reading.block.chain = parts_.chain;
    for (const adapters::Adapter* adapter : scope_->venues) {
        model::Venue venue;
        venue.id = adapter->venue();
        venue.read_at = reading.block;
        venue.reason = reason;
        reading.venues.push_back(std::move(venue));
        for (const model::Address& owner : owners) {
            model::MarginAccount account = unknown_account(adapter->venue(), owner, reading.block, reason);
            account.qualifiers.single_source = panel_.size() == 1;
            reading.accounts.push_back(std::move(account));
        }
    }
    return reading;
}

std::vector<model::SourceTrouble> ChainReader::troubles() const {
    std::vector<model::SourceTrouble> all = parts_.heads.troubles();
    const auto add = [&](model::TroubleKind kind, const std::string& reason) {
        if (reason.empty()) return;
        const auto same = std::find_if(all.begin(), all.end(), [kind](const model::SourceTrouble& trouble) { return trouble.kind == kind; });
        if (same != all.end()) {
            same->reason += "; " + reason;
            return;
        }
        model::SourceTrouble trouble;
        trouble.chain = parts_.chain;
        trouble.kind = kind;
        trouble.reason = reason;
        all.push_back(std::move(trouble));
    };
    add(model::TroubleKind::single_source, alone_);
    add(model::TroubleKind::disputed, disputes_.reason());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
    return all;
}

}  // namespace margind::daemon
