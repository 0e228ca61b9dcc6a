// One compilation in a thread of its own: workerData is {compiler, input}, the answer the compiler's output. Some compilers
// handle the process's unhandled rejections when they are loaded; here that ends with the thread.
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

const soljson = createRequire(import.meta.url)(workerData.compiler);
const compile = soljson.cwrap("solidity_compile", "string", ["string", "number", "number"]);
parentPort.postMessage(compile(workerData.input, 0, 0));
