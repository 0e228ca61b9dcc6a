// HyperCore through its read precompiles.
#include "adapters/protocols/hyperliquid/core.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/protocols/hyperliquid/facts.hpp"

#include <algorithm>
#include <string_view>

namespace margind::adapters::protocols::hyperliquid {

using model::ErrorCode;
using model::fail;
using model::Result;
using model::U256;

namespace {

constexpr std::size_t word = 32;
/// A real one costs 2000 and 65 for each byte that it returns, and its answer some copying.
constexpr std::uint64_t gas_of_single = 100'000;
constexpr std::uint64_t gas_of_one_in_batch = 40'000;
constexpr std::uint64_t gas_of_batch = 2'000'000;
constexpr std::size_t longest_name = 32;

const evm::Function get_block_number("getBlockNumber()");

Result<void> width_is(Bytes reply, std::size_t words, const char* what) {
    if (reply.size() == words * word) return {};
    return fail(ErrorCode::decode, std::string(what) + ": " + std::to_string(reply.size()) + " bytes instead of " + std::to_string(words * word));
}

/// A dynamic tuple with `fields` head words, of which the first is a string: another offset of it is another layout.
Result<void> tuple_is(Bytes reply, std::size_t fields, const char* what) {
    if (reply.size() < 2 * word) return fail(ErrorCode::decode, std::string(what) + ": " + std::to_string(reply.size()) + " bytes, no dynamic tuple");
    const U256 head = U256::from_big_endian(reply.first<word>());
    const U256 name = U256::from_big_endian(reply.subspan(word).first<word>());
    if (head == U256(word) && name == U256(fields * word)) return {};
    return fail(ErrorCode::decode, std::string(what) + ": a layout that is not known, offsets " + head.to_hex() + " and " + name.to_hex());
}

/// Nothing may follow a name that ends the tuple.
Result<void> ends_with_name(Bytes reply, std::size_t fields, std::size_t name, const char* what) {
    return width_is(reply, 1 + fields + 1 + (name + word - 1) / word, what);
}

std::string name_in(evm::AbiReader& reader) {
    const std::string_view text = reader.string();
    const bool good = !text.empty() && text.size() <= longest_name && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (!good) reader.reject("the name is empty, too long or not printable");
    return std::string(text);
}

}  // namespace

model::Address address_of(Precompile precompile) {
    model::Address address;
    const auto number = static_cast<std::uint16_t>(precompile);
    address.bytes[18] = static_cast<std::byte>(number >> 8);
    address.bytes[19] = static_cast<std::byte>(number & 0xff);
    return address;
}

Call core_call(Precompile precompile, const evm::AbiWriter& arguments) {
    Call call;
    call.to = address_of(precompile);
    call.data = arguments.encoded();
    call.gas = gas_of_single;
    call.isolated = true;
    call.latest = true;
    return call;
}

Call position_call(const model::Address& user, std::uint64_t perp) {
    return core_call(perp < perps_of_dex ? Precompile::position : Precompile::position2, evm::AbiWriter().address(user).u256(U256(perp)));
}

Result<CorePosition> decode_position(Bytes reply) {
    if (const auto good = width_is(reply, 5, "position"); !good) return fail(good.error());
    evm::AbiReader reader(reply, "position");
    CorePosition position;
    position.szi = reader.sint(64);
    position.entry_ntl = reader.uint(64);
    position.isolated_raw_usd = reader.sint(64);
    position.leverage = reader.u64(32);
    position.is_isolated = reader.boolean();
    return reader.finish(std::move(position));
}

Result<PerpInfo> decode_perp_info(Bytes reply) {
    constexpr std::size_t fields = 5;
    if (const auto good = tuple_is(reply, fields, "perpAssetInfo"); !good) return fail(good.error());
    evm::AbiReader reader(reply, "perpAssetInfo");
    evm::AbiReader tuple = reader.tuple();
    PerpInfo info;
    info.coin = name_in(tuple);
    info.margin_table = tuple.u64(32);
    info.sz_decimals = tuple.u64(8);
    info.max_leverage = tuple.u64(8);
    info.only_isolated = tuple.boolean();
    if (info.sz_decimals > 6) tuple.reject("szDecimals is " + std::to_string(info.sz_decimals) + ", above 6");
    if (info.max_leverage == 0) tuple.reject("maxLeverage is 0");
    const std::size_t name = info.coin.size();
    Result<PerpInfo> result = reader.finish(std::move(info));
    if (!result) return result;
    if (const auto good = ends_with_name(reply, fields, name, "perpAssetInfo"); !good) return fail(good.error());
    return result;
}

Result<MarginSummary> decode_summary(Bytes reply) {
    if (const auto good = width_is(reply, 4, "accountMarginSummary"); !good) return fail(good.error());
    evm::AbiReader reader(reply, "accountMarginSummary");
    MarginSummary summary;
    summary.account_value = reader.sint(64);
    summary.margin_used = reader.uint(64);
    summary.ntl_pos = reader.uint(64);
    summary.raw_usd = reader.sint(64);
    return reader.finish(std::move(summary));
}

Result<SpotBalance> decode_spot_balance(Bytes reply) {
    if (const auto good = width_is(reply, 3, "spotBalance"); !good) return fail(good.error());
    evm::AbiReader reader(reply, "spotBalance");
    SpotBalance balance;
    balance.total = reader.uint(64);
    balance.hold = reader.uint(64);
    balance.entry_ntl = reader.uint(64);
    return reader.finish(std::move(balance));
}

Result<SpotInfo> decode_spot_info(Bytes reply) {
    constexpr std::size_t fields = 3;
    if (const auto good = tuple_is(reply, fields, "spotInfo"); !good) return fail(good.error());
    evm::AbiReader reader(reply, "spotInfo");
    evm::AbiReader tuple = reader.tuple();
    SpotInfo info;
    info.name = name_in(tuple);
    info.base = tuple.u64(64);
    info.quote = tuple.u64(64);
    const std::size_t name = info.name.size();
    Result<SpotInfo> result = reader.finish(std::move(info));
    if (!result) return result;
    if (const auto good = ends_with_name(reply, fields, name, "spotInfo"); !good) return fail(good.error());
    return result;
}

Result<TokenInfo> decode_token_info(Bytes reply) {
    if (const auto good = tuple_is(reply, 8, "tokenInfo"); !good) return fail(good.error());
    evm::AbiReader reader(reply, "tokenInfo");
    evm::AbiReader tuple = reader.tuple();
    TokenInfo info;
    info.name = name_in(tuple);
    // Spot pairs, the deployer's fee share and address, the linked contract.
    tuple.skip(4);
    info.sz_decimals = tuple.u64(8);
    info.wei_decimals = tuple.u64(8);
    if (info.sz_decimals > 8 || info.wei_decimals > 18) tuple.reject("decimals " + std::to_string(info.sz_decimals) + " and " + std::to_string(info.wei_decimals));
    return reader.finish(std::move(info));
}

Result<std::uint64_t> decode_u64(Bytes reply, const char* what) {
    if (const auto good = width_is(reply, 1, what); !good) return fail(good.error());
    evm::AbiReader reader(reply, what);
    const std::uint64_t value = reader.u64(64);
    return reader.finish(value);
}

Result<bool> decode_boolean(Bytes reply, const char* what) {
    if (const auto good = width_is(reply, 1, what); !good) return fail(good.error());
    evm::AbiReader reader(reply, what);
    const bool value = reader.boolean();
    return reader.finish(value);
}

CoreBatch::CoreBatch(const model::Address& multicall) : multicall_(multicall) {
    Call block;
    block.to = multicall_;
    block.data = get_block_number();
    calls_.push_back(std::move(block));
    calls_.push_back(core_call(Precompile::l1_block_number, {}));
}

Request CoreBatch::request() const {
    const Call last = core_call(Precompile::l1_block_number, {});
    std::vector<const Call*> inner;
    for (const Call& call : calls_) inner.push_back(&call);
    inner.push_back(&last);
    Call packed;
    packed.to = multicall_;
    packed.data = evm::encode_aggregate3(inner);
    packed.gas = gas_of_batch + inner.size() * gas_of_one_in_batch;
    packed.isolated = true;
    packed.latest = true;
    return packed;
}

Result<CoreAnswers> CoreBatch::take(const Reply& reply, std::uint64_t asked) const {
    const Result<model::Bytes> bytes = reply_bytes(reply);
    if (!bytes) return fail(bytes.error());
    CoreAnswers answers;
    answers.reply = *bytes;
    Result<std::vector<evm::CallResult>> all = evm::decode_aggregate3(calls_.size() + 1, answers.reply);
    if (!all) return fail(all.error());
    for (std::size_t i = 0; i < all->size(); ++i) {
        const evm::CallResult& one = (*all)[i];
        if (one.success) continue;
        const std::string name = i < calls_.size() ? evm::call_name(calls_[i]) : std::string("the last l1BlockNumber");
        return fail(ErrorCode::reverted, name + " " + evm::revert_text(one.data) + " (a precompile that is asked for what it does not know burns all gas)");
    }
    const Result<std::uint64_t> block = decode_u64((*all)[0].data, "getBlockNumber");
    const Result<std::uint64_t> first = decode_u64((*all)[1].data, "l1BlockNumber");
    const Result<std::uint64_t> last = decode_u64(all->back().data, "l1BlockNumber");
    if (!block) return fail(block.error());
    if (!first) return fail(first.error());
    if (!last) return fail(last.error());
    if (*first != *last)
        return fail(ErrorCode::upstream, "HyperCore went from block " + std::to_string(*first) + " to " + std::to_string(*last) + " within one reply", model::Retry::later);
    if (*block + blocks_apart < asked)
        return fail(ErrorCode::upstream, "the node's latest block is " + std::to_string(*block) + ", too far behind " + std::to_string(asked),
                    model::Retry::other_endpoint);
    answers.l1_block = *first;
    answers.evm_block = *block;
    answers.results.assign(all->begin() + 2, all->end() - 1);
    return answers;
}

}  // namespace margind::adapters::protocols::hyperliquid
