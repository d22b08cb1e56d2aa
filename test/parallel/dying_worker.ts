/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The worker of a crew, which ends at one of its requests instead of answering it, in the way that its name asks
 * for: as a defect in code that nobody waits for would end it.
 */
import type { WorkerRequest } from "../../src/parallel/messages.ts";
import type { Death } from "./mortal_workers.ts";

const { method, at, how }: Death = JSON.parse(self.name);
let requests = 0;

self.addEventListener("message", (event: MessageEvent<WorkerRequest>) => {
  const { data } = event;
  const isCounted = "method" in data ? data.method === method : method === "open" && "open" in data;
  if (!isCounted || ++requests < at) return;
  event.stopImmediatePropagation();
  if (how === "close") self.close();
  else if (how === "exit") Deno.exit(3);
  else if (how === "reject") Promise.reject(new TypeError("out of luck"));
  else throw new RangeError("out of luck");
});

await import("../../src/parallel/worker.ts");
