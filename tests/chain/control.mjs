// The control endpoint: POST /<verb> with a JSON object; one verb at a time, in the order of arrival.
import http from "node:http";

import { Refused } from "./chain_error.mjs";
import { RpcError } from "./rpc.mjs";
import { aaveVerbs } from "./verbs/aave.mjs";
import { nodeVerbs } from "./verbs/node.mjs";
import { perpVerbs } from "./verbs/perp.mjs";
import { priceVerbs } from "./verbs/prices.mjs";
import { randomAaveVerbs } from "./verbs/random_aave.mjs";
import { randomPerpVerbs } from "./verbs/random_perp.mjs";
import { timeVerbs } from "./verbs/time.mjs";
import { describe } from "./world.mjs";

const maxBody = 1 << 20;

const commonVerbs = {
  describe: { fields: [], run: describe },
  ...timeVerbs,
  ...nodeVerbs,
  ...priceVerbs,
  ...aaveVerbs,
  ...perpVerbs,
  ...randomAaveVerbs,
  ...randomPerpVerbs,
};

/** Runs one verb of the chain, or of a protocol that it was started with, after checking its name and fields. */
export async function runVerb(world, name, args) {
  const verbs = { ...commonVerbs, ...world.optionalVerbs };
  if (!Object.hasOwn(verbs, name)) throw new Refused(`no verb ${name}; there are ${Object.keys(verbs).join(", ")}`);
  const { fields, run, whileDown = false } = verbs[name];
  const unknown = Object.keys(args).find((field) => !fields.includes(field));
  if (unknown !== undefined) {
    throw new Refused(`unknown field ${unknown}; ${name} takes ${fields.length === 0 ? "none" : fields.join(", ")}`);
  }
  if (world.down !== undefined && !whileDown) throw new Refused("the node is down; node_up brings it back");
  return run(world, args);
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBody) throw new Refused(`the body exceeds ${maxBody} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  let body;
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new Refused(`the body is not JSON: ${text.slice(0, 80)}`);
  }
  if (body === null || typeof body !== "object" || Array.isArray(body)) throw new Refused("the body is not a JSON object");
  return body;
}

/** Serves until the process ends; returns {url, enqueue}. `enqueue` runs a task between two verbs. */
export async function serveControl(world, port) {
  let last = Promise.resolve();
  const enqueue = (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
  const answer = (response, status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body) + "\n");
  };
  const server = http.createServer(async (request, response) => {
    const name = request.url.slice(1);
    try {
      if (request.method !== "POST") throw new Refused(`${request.method} is not served; POST a verb`);
      const args = await readBody(request);
      answer(response, 200, await enqueue(() => runVerb(world, name, args)));
    } catch (error) {
      const theirs = error instanceof Refused || error instanceof RpcError;
      answer(response, theirs ? 400 : 500, { error: `${name}: ${error.message}` });
      if (!theirs) process.stderr.write(`chain: ${error.stack}\n`);
    }
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { url: `http://127.0.0.1:${server.address().port}`, enqueue };
}
