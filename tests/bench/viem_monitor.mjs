// A margin monitor as people write it: viem's multicall for every account of a block, decoded. Reads {url, block, rounds} from
// the first line of stdin, answers "ready", then for each line with a batch size (0: viem's own) reads once and answers in ms.
import { createInterface } from "node:readline";
import { performance } from "node:perf_hooks";

import { createPublicClient, decodeFunctionData, http, parseAbi } from "viem";

const abi = parseAbi([
  "function POOL_REVISION() view returns (uint256)",
  "function getPool() view returns (address)",
  "function getPriceOracle() view returns (address)",
  "function getPriceOracleSentinel() view returns (address)",
  "function getReservesList() view returns (address[])",
  "struct ReserveData { uint256 configuration; uint128 liquidityIndex; uint128 currentLiquidityRate; uint128 variableBorrowIndex; uint128 currentVariableBorrowRate; uint128 currentStableBorrowRate; uint40 lastUpdateTimestamp; uint16 id; address aTokenAddress; address stableDebtTokenAddress; address variableDebtTokenAddress; address interestRateStrategyAddress; uint128 accruedToTreasury; uint128 unbacked; uint128 isolationModeTotalDebt; }",
  "function getReserveData(address) view returns (ReserveData)",
  "struct EModeCategory { uint16 ltv; uint16 liquidationThreshold; uint16 liquidationBonus; address priceSource; string label; }",
  "function getEModeCategoryData(uint8) view returns (EModeCategory)",
  "function getAssetPrice(address) view returns (uint256)",
  "function scaledTotalSupply() view returns (uint256)",
  "function isLiquidationAllowed() view returns (bool)",
  "function getUserConfiguration(address) view returns (uint256)",
  "function getUserEMode(address) view returns (uint256)",
  "function getUserAccountData(address) view returns (uint256 totalCollateralBase, uint256 totalDebtBase, uint256 availableBorrowsBase, uint256 currentLiquidationThreshold, uint256 ltv, uint256 healthFactor)",
  "function scaledBalanceOf(address) view returns (uint256)",
  "function principalBalanceOf(address) view returns (uint256)",
  "function getUserStableRate(address) view returns (uint256)",
  "function getUserLastUpdated(address) view returns (uint40)",
]);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { url, block, rounds } = JSON.parse((await lines.next()).value);
const client = createPublicClient({
  transport: http(url),
  chain: {
    id: 31337,
    name: "local",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [url] } },
    contracts: { multicall3: { address: "0xcA11bde05977b3631167028862bE2a173976CA11" } },
  },
});
const contracts = rounds.map((calls) => calls.map(({ to, data }) => ({ address: to, abi, ...decodeFunctionData({ abi, data }) })));
const blockNumber = BigInt(block);

// viem's own errors hold every argument.
process.on("uncaughtException", (error) => {
  process.stderr.write(`viem monitor: ${error.shortMessage ?? error.message}\n`);
  process.exit(1);
});

async function read(batchSize) {
  for (const calls of contracts) {
    if (calls.length === 0) continue;
    const results = await client.multicall({ contracts: calls, blockNumber, ...(batchSize > 0 ? { batchSize } : {}) });
    const failed = results.find(({ status }) => status !== "success");
    if (failed !== undefined) throw failed.error;
  }
}

await read(0);
await read(0);
process.stdout.write("ready\n");
for (let next = await lines.next(); !next.done; next = await lines.next()) {
  const start = performance.now();
  await read(Number(next.value));
  process.stdout.write(`${performance.now() - start}\n`);
}
