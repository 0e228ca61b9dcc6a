// The tables of sources.
#include "risk/calibration/sources.hpp"

namespace margind::risk::calibration {

std::span<const AssetSource> asset_sources() {
    static const std::vector<AssetSource> sources{
        {"AAVE", {"prices/binance_spot_daily_multi:AAVE"}, 0.35},
        {"ARB", {"prices/binance_spot_daily_multi:ARB"}, 0.35, false, "funding/binance_perp_ARBUSDT_funding", "prices/binance_perp_ARBUSDT_1h"},
        {"ATOM", {"prices/coinbase_daily_multi:ATOM"}, 0.35},
        {"AVAX", {"prices/binance_spot_AVAXUSDT_1h"}, 0.24, false, "funding/binance_perp_AVAXUSDT_funding", "prices/binance_perp_AVAXUSDT_30m"},
        {"BNB", {"prices/binance_spot_daily_multi:BNB"}, 0.24},
        {"BTC",
         {"prices/binance_spot_BTCUSDT_1h"},
         0.18,
         false,
         "funding/binance_perp_BTCUSDT_funding",
         "prices/binance_perp_mark_BTCUSDT_1h",
         0.0005,
         "fee of the Uniswap V3 pool WBTC/WETH 0x4585FE77225b41b697C938B018E2Ac67Ac5a20c0"},
        {"DAI", {"prices/coinbase_daily_multi:DAI"}, 0.05, true},
        {"DOGE", {"prices/binance_spot_daily_multi:DOGE"}, 0.24},
        {"ENS", {"prices/coinbase_daily_multi:ENS"}, 0.35},
        {"ETH",
         {"prices/binance_spot_ETHUSDT_1h"},
         0.18,
         false,
         "funding/binance_perp_ETHUSDT_funding",
         "prices/binance_perp_mark_ETHUSDT_1h",
         0.0005,
         "fee of the Uniswap V3 pool USDC/WETH 0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640"},
        {"KNC", {"prices/coinbase_daily_multi:KNC"}, 0.50},
        {"LDO", {"prices/coinbase_daily_multi:LDO"}, 0.35},
        {"LINK",
         {"prices/binance_spot_LINKUSDT_1h"},
         0.24,
         false,
         "funding/binance_perp_LINKUSDT_funding",
         "prices/binance_perp_LINKUSDT_30m",
         0.003,
         "fee of the Uniswap V3 pool LINK/WETH 0xa6Cc3C2531FdaA6Ae1A3CA84c2855806728693e8"},
        {"MKR", {"prices/coinbase_daily_multi:MKR"}, 0.35},
        {"OP", {"prices/binance_spot_OPUSDT_1h", "prices/binance_perp_OPUSDT_1h"}, 0.35, false, "funding/binance_perp_OPUSDT_funding"},
        {"SOL", {"prices/binance_spot_SOLUSDT_1h"}, 0.24, false, "funding/binance_perp_SOLUSDT_funding", "prices/binance_perp_SOLUSDT_30m"},
        {"UNI",
         {"prices/binance_spot_daily_multi:UNI"},
         0.35,
         false,
         "",
         "",
         0.003,
         "fee of the Uniswap V3 pool UNI/WETH 0x1d42064Fc4Beb5F8aAF85F4617AE8b3b5B8Bd801"},
        {"USDC", {"prices/binance_spot_USDCUSDT_1h", "prices/bybit_spot_USDCUSDT_1h"}, 0.05, true},
    };
    return sources;
}

std::span<const Claims> claims() {
    static const std::vector<Claims> all{
        {"USDC",
         {"FRAX", "GHO", "LUSD", "PYUSD", "RLUSD", "USDG", "USDS", "USDT", "USDe", "USDtb", "crvUSD", "sDAI", "sUSDe", "syrupUSDC", "syrupUSDT"}},
        {"ETH", {"ETHx", "cbETH", "ezETH", "osETH", "rETH", "rsETH", "tETH", "weETH", "wrsETH", "wstETH"}, true},
        {"BTC", {"LBTC", "eBTC"}},
    };
    return all;
}

std::span<const NamedDay> named_days() {
    static const std::vector<NamedDay> days{
        {"2020-03-12", "2020-03-12", "2020-03-13"}, {"2021-05-19", "2021-05-19", "2021-05-19"}, {"2022-06 stETH", "2022-06-01", "2022-06-30"},
        {"2022-11", "2022-11-01", "2022-11-30"},    {"2023-03-11", "2023-03-10", "2023-03-11"}, {"2024-08-05", "2024-08-04", "2024-08-05"},
    };
    return days;
}

}  // namespace margind::risk::calibration
