/** The script of a thread: `Thread` starts it. */
import { serveThread } from "./base/mod.ts";

serveThread({
  replica: async () => (await import("./session/mod.ts")).createReplicaAnswerer(),
  stock: async () => (await import("./cost/mod.ts")).answerStock,
  jobs: async () => (await import("./distributed/mod.ts")).createJobAnswerer(),
});
