// Data packages out of a gateway's JSON.
#include "adapters/oracles/redstone/package.hpp"

#include "adapters/evm/secp256k1.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/keccak.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace margind::adapters::oracles::redstone {

using model::ErrorCode;
using model::fail;
using model::Result;
using nlohmann::json;

namespace {

// A whole data service is about 2 MB.
constexpr model::JsonLimits limits{.bytes = std::size_t{16} << 20, .depth = 32, .values = 262'144, .number_chars = 80};
constexpr std::size_t most_packages = 1'024;
constexpr std::size_t most_points = 1'024;
constexpr std::int64_t last_time_ms = (std::int64_t{1} << 48) - 1;

std::optional<unsigned> digit_of(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return std::nullopt;
}

// Empty where it is no base64 of so many bytes, written in the one way that it can be written.
std::optional<model::Bytes> from_base64(std::string_view text, std::size_t size) {
    if (text.size() != (size + 2) / 3 * 4) return std::nullopt;
    const std::size_t digits = (size * 8 + 5) / 6;
    model::Bytes out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i >= digits) {
            if (text[i] != '=') return std::nullopt;
            continue;
        }
        const auto digit = digit_of(text[i]);
        if (!digit) return std::nullopt;
        held = (held << 6 | *digit) & 0xffffU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out.push_back(static_cast<std::byte>(held >> bits & 0xffU));
    }
    if ((held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return out;
}

const json* member(const json& of, const char* name) {
    if (!of.is_object()) return nullptr;
    const auto found = of.find(name);
    return found == of.end() ? nullptr : &*found;
}

std::optional<std::int64_t> whole(const json* value, std::int64_t least, std::int64_t most) {
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(most)) return std::nullopt;
    const auto number = value->get<std::int64_t>();
    return number < least || number > most ? std::nullopt : std::optional(number);
}

// As Number(value) reads it.
std::optional<double> number_of(const json* value) {
    if (value == nullptr) return std::nullopt;
    if (value->is_number()) return value->get<double>();
    if (!value->is_string()) return std::nullopt;
    const auto& text = value->get_ref<const std::string&>();
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<DataPoint> read_point(const json& from, std::int64_t& value_size) {
    const json* id = member(from, "dataFeedId");
    const auto number = number_of(member(from, "value"));
    const auto decimals = member(from, "decimals") ? whole(member(from, "decimals"), 0, 18) : std::optional<std::int64_t>(8);
    const auto size = member(from, "valueByteSize") ? whole(member(from, "valueByteSize"), 1, 32) : std::optional<std::int64_t>(32);
    if (id == nullptr || !id->is_string() || !number || !decimals || !size || (value_size != 0 && *size != value_size)) return std::nullopt;
    const auto value = fixed_decimals(*number, static_cast<unsigned>(*decimals));
    if (!value || value->bit_width() > static_cast<unsigned>(*size) * 8) return std::nullopt;
    value_size = *size;
    return DataPoint{data_feed_id(id->get_ref<const std::string&>()), *value};
}

// Empty where it is no package.
std::optional<SignedPackage> read_package(const json& from, const Wanted& wanted) {
    const auto time = whole(member(from, "timestampMilliseconds"), 1, last_time_ms);
    const json* signature = member(from, "signature");
    const json* points = member(from, "dataPoints");
    if (!time || signature == nullptr || !signature->is_string() || points == nullptr || !points->is_array()) return std::nullopt;
    if (points->empty() || points->size() > most_points) return std::nullopt;
    SignedPackage package;
    package.time_ms = *time;
    std::int64_t value_size = 0;
    for (const json& entry : *points) {
        const auto point = read_point(entry, value_size);
        if (!point) return std::nullopt;
        package.points.push_back(*point);
    }
    std::sort(package.points.begin(), package.points.end(), [](const DataPoint& a, const DataPoint& b) { return a.id < b.id; });
    if (std::none_of(package.points.begin(), package.points.end(), [&](const DataPoint& point) { return wanted.contains(point.id); })) {
        package.points.clear();
        return package;
    }
    const auto bytes = from_base64(signature->get_ref<const std::string&>(), evm::signature_size);
    if (bytes) package.signer = evm::recover_signer(model::keccak256(serialised(package, static_cast<std::size_t>(value_size))), *bytes);
    return package;
}

// Takes what is a package of a list; false where nothing is.
bool read_list(const json& list, const Wanted& wanted, std::vector<SignedPackage>& into) {
    bool any = false;
    if (!list.is_array()) return false;
    for (const json& entry : list) {
        if (into.size() >= most_packages) return any;
        auto package = read_package(entry, wanted);
        any = any || package.has_value();
        if (package && !package->points.empty()) into.push_back(std::move(*package));
    }
    return any;
}

bool names_wanted(const std::string& key, const Wanted& wanted) { return wanted.contains(data_feed_id(key)); }

}  // namespace

std::optional<model::U256> fixed_decimals(double value, unsigned decimals) {
    if (!(value >= 0) || value >= 1e21) return std::nullopt;
    int exponent = 0;
    // 53 bits of the fraction as a whole number: exact.
    const auto bits = static_cast<std::uint64_t>(std::ldexp(std::frexp(value, &exponent), 53));
    exponent -= 53;
    const auto scaled = checked_mul(model::U256(bits), model::U256::pow10(decimals));
    if (!scaled) return std::nullopt;
    if (exponent >= 0) return checked_mul(*scaled, model::U256::pow2(static_cast<unsigned>(exponent)));
    // Below 2^113 before, so that nothing is left of it.
    if (exponent < -200) return model::U256();
    return checked_div(*scaled, model::U256::pow2(static_cast<unsigned>(-exponent)), model::Rounding::half_up);
}

Result<std::vector<SignedPackage>> parse_gateway(std::string_view text, const Wanted& wanted) {
    const Result<json> document = model::parse_json(text, limits);
    if (!document) return fail(document.error());
    std::vector<SignedPackage> packages;
    bool any = read_list(*document, wanted, packages);
    if (document->is_object()) {
        for (const auto& [key, list] : document->items())
            if (names_wanted(key, wanted) && read_list(list, wanted, packages)) any = true;
        // No list bears the name of a feed that is wanted: packages of several feeds stand under names of their own.
        if (!any)
            for (const auto& [key, list] : document->items())
                if (read_list(list, wanted, packages)) any = true;
    }
    if (!any) return fail(ErrorCode::decode, "the reply holds no data package");
    return packages;
}

Result<std::vector<SignedPackage>> parse_delivery(std::string_view body, const Wanted& wanted) {
    const auto begin = body.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return fail(ErrorCode::decode, "the reply is empty");
    std::string_view text = body.substr(begin, body.find_last_not_of(" \t\r\n") + 1 - begin);
    if (!text.starts_with("0x")) return parse_gateway(text, wanted);
    const auto bytes = model::bytes_from_hex(text, limits.bytes);
    if (!bytes) return fail(ErrorCode::decode, "the reply begins with 0x and is no hex");
    return parse_payload(*bytes, wanted);
}

}  // namespace margind::adapters::oracles::redstone
