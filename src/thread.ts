/** The script of a thread: `Thread` starts it. */
import { serveThread } from "./base/mod.ts";

serveThread({
  replica: async () => (await import("./pruning/mod.ts")).createPoolAnswerer(),
  comparison: async () => (await import("./graph/mod.ts")).answerComparison,
  stock: async () => (await import("./cost/mod.ts")).answerStock,
  jobs: async () => (await import("./distributed/mod.ts")).createJobAnswerer(),
});
