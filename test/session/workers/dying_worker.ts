/**
 * The worker of a pool, which ends at one of its requests instead of answering it, in the way that its address asks
 * for: as a defect in code that nobody waits for would end it.
 */
import process from "node:process";
import { parentPort } from "node:worker_threads";
import type { ReplicaRequest } from "../../../src/session/workers/messages.ts";
import type { Death } from "./mortal_workers.ts";

const { searchParams } = new URL(import.meta.url);
const { method, at, how }: Death = JSON.parse(searchParams.get("death")!);
let requests = 0;

parentPort!.on("message", ([[, request]]: ReadonlyMap<number, ReplicaRequest>) => {
  const isCounted = method === ("method" in request ? request.method : "open");
  if (!isCounted || ++requests < at) return;
  parentPort!.postMessage = () => {};
  if (how === "close") globalThis.close();
  else if (how === "exit") process.exit(3);
  else if (how === "reject") Promise.reject(new TypeError("out of luck"));
  else throw new RangeError("out of luck");
});

await import("../../../src/thread.ts");
