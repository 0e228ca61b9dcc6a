// The signed bytes of data packages, and the payload form.
#include "adapters/oracles/redstone/package.hpp"

#include "adapters/evm/secp256k1.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace margind::adapters::oracles::redstone {

using model::ErrorCode;
using model::fail;
using model::Result;

namespace {

constexpr std::array<std::uint8_t, 9> marker{0x00, 0x00, 0x02, 0xed, 0x57, 0x01, 0x1e, 0x00, 0x00};
constexpr std::size_t most_packages = 1'024;
constexpr std::size_t id_size = 32;
constexpr std::size_t time_size = 6;
constexpr std::size_t value_size_size = 4;
constexpr std::size_t count_size = 3;

void append(model::Bytes& out, std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::uint64_t number(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
}

model::U256 wide_number(std::span<const std::byte> bytes) {
    std::array<std::byte, 32> word{};
    std::copy(bytes.begin(), bytes.end(), word.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return model::U256::from_big_endian(word);
}

// Takes bytes off the end; after the first that are not there it gives none.
class FromTheEnd {
public:
    explicit FromTheEnd(std::span<const std::byte> bytes) : left_(bytes) {}
    std::span<const std::byte> take(std::uint64_t size) {
        if (size > left_.size()) broken_ = true;
        if (broken_) return {};
        const auto taken = left_.last(static_cast<std::size_t>(size));
        left_ = left_.first(left_.size() - taken.size());
        return taken;
    }
    bool broken() const { return broken_; }
    std::size_t left() const { return left_.size(); }

private:
    std::span<const std::byte> left_;
    bool broken_ = false;
};

Result<SignedPackage> take_package(FromTheEnd& from, const Wanted& wanted) {
    const auto signature = from.take(evm::signature_size);
    const auto count_bytes = from.take(count_size);
    const auto size_bytes = from.take(value_size_size);
    const auto time_bytes = from.take(time_size);
    const std::uint64_t count = number(count_bytes);
    const std::uint64_t value_size = number(size_bytes);
    if (from.broken()) return fail(ErrorCode::decode, "the payload ends within a package");
    if (count == 0 || value_size == 0 || value_size > 32)
        return fail(ErrorCode::decode, "a package of " + std::to_string(count) + " points with values of " + std::to_string(value_size) + " bytes");
    // Both factors are below 2^24 and 64: no overflow.
    const auto points = from.take(count * (id_size + value_size));
    if (from.broken()) return fail(ErrorCode::decode, "a package of " + std::to_string(count) + " points is longer than the payload");
    SignedPackage package;
    package.time_ms = static_cast<std::int64_t>(number(time_bytes));
    bool is_wanted = false;
    for (std::size_t at = 0; at < points.size(); at += id_size + value_size) {
        DataPoint point;
        std::copy_n(points.begin() + static_cast<std::ptrdiff_t>(at), id_size, point.id.bytes.begin());
        point.value = wide_number(points.subspan(at + id_size, value_size));
        is_wanted = is_wanted || wanted.contains(point.id);
        package.points.push_back(std::move(point));
    }
    if (!is_wanted) {
        package.points.clear();
        return package;
    }
    model::Bytes bytes(points.begin(), points.end());
    for (const auto& part : {time_bytes, size_bytes, count_bytes}) bytes.insert(bytes.end(), part.begin(), part.end());
    package.signer = evm::recover_signer(model::keccak256(bytes), signature);
    return package;
}

}  // namespace

model::Bytes32 data_feed_id(std::string_view data_feed) {
    if (data_feed.size() > 31) return model::keccak256(data_feed);
    model::Bytes32 id;
    std::transform(data_feed.begin(), data_feed.end(), id.bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return id;
}

model::Bytes serialised(const SignedPackage& package, std::size_t value_size) {
    model::Bytes out;
    for (const DataPoint& point : package.points) {
        out.insert(out.end(), point.id.bytes.begin(), point.id.bytes.end());
        const auto word = point.value.to_big_endian();
        out.insert(out.end(), word.end() - static_cast<std::ptrdiff_t>(value_size), word.end());
    }
    append(out, static_cast<std::uint64_t>(package.time_ms), time_size);
    append(out, value_size, value_size_size);
    append(out, package.points.size(), count_size);
    return out;
}

Result<std::vector<SignedPackage>> parse_payload(std::span<const std::byte> bytes, const Wanted& wanted) {
    FromTheEnd from(bytes);
    const auto seen = from.take(marker.size());
    if (from.broken() || !std::equal(seen.begin(), seen.end(), marker.begin(), [](std::byte a, std::uint8_t b) { return std::to_integer<std::uint8_t>(a) == b; }))
        return fail(ErrorCode::decode, "no payload of RedStone: it does not end in its marker");
    from.take(number(from.take(3)));
    const std::uint64_t count = number(from.take(2));
    if (from.broken()) return fail(ErrorCode::decode, "the payload's metadata is longer than the payload");
    if (count > most_packages) return fail(ErrorCode::limit, std::to_string(count) + " packages in a payload; at most " + std::to_string(most_packages) + " are read");
    std::vector<SignedPackage> packages;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto package = take_package(from, wanted);
        if (!package) return fail(package.error());
        if (!package->points.empty()) packages.push_back(std::move(*package));
    }
    std::reverse(packages.begin(), packages.end());
    return packages;
}

}  // namespace margind::adapters::oracles::redstone
