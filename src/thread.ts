/** The script of a thread: `Thread` starts it. */
import { serveThread } from "./base/mod.ts";

serveThread({
  replica: async () => (await import("./pruning/mod.ts")).createPoolAnswerer(),
  comparison: async () => (await import("./graph/mod.ts")).answerComparison,
  runtime: async () => (await import("./cost/mod.ts")).answerRuntime,
  jobs: async () => (await import("./distributed/mod.ts")).createJobAnswerer(),
});
