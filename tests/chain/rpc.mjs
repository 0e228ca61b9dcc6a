// A JSON-RPC client on keep-alive HTTP connections.
import http from "node:http";

/** What a node answered in the `error` member. */
export class RpcError extends Error {
  constructor(method, error) {
    super(`${method}: ${error.message ?? JSON.stringify(error)}`);
    this.code = error.code;
    this.data = error.data;
  }
}

export class Rpc {
  #agent = new http.Agent({ keepAlive: true, noDelay: true, maxSockets: 4 });
  #url;
  #next = 1;

  constructor(url) {
    this.#url = new URL(url);
  }

  /** One call; rejects with RpcError when the node answers with an error. */
  async call(method, params = []) {
    const reply = await this.#post({ jsonrpc: "2.0", id: this.#next++, method, params });
    if (reply.error !== undefined) throw new RpcError(method, reply.error);
    return reply.result;
  }

  /** Calls in one request, which the node may run in any order. Each element is {result} or {error}. */
  async batch(calls) {
    if (calls.length === 0) return [];
    const first = this.#next;
    this.#next += calls.length;
    const body = calls.map(([method, params], index) => ({ jsonrpc: "2.0", id: first + index, method, params }));
    const replies = await this.#post(body);
    if (!Array.isArray(replies)) throw new RpcError(calls[0][0], replies.error ?? replies);
    const sorted = new Array(calls.length);
    for (const reply of replies) sorted[reply.id - first] = reply;
    return sorted.map((reply, index) =>
      reply.error === undefined ? { result: reply.result } : { error: new RpcError(calls[index][0], reply.error) },
    );
  }

  close() {
    this.#agent.destroy();
  }

  #post(body) {
    const text = JSON.stringify(body);
    const options = {
      agent: this.#agent,
      method: "POST",
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
    };
    return new Promise((resolve, reject) => {
      const request = http.request(this.#url, options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")));
          } catch (error) {
            reject(new Error(`node answered HTTP ${response.statusCode} with no JSON: ${error.message}`));
          }
        });
      });
      request.on("error", reject);
      request.end(text);
    });
  }
}
