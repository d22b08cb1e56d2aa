/** The script of a thread: `Thread` starts it. */
import { serveThread } from "./base/mod.ts";

serveThread({
  station: async () => (await import("./session/mod.ts")).createStationAnswerer(),
  stock: async () => (await import("./cost/mod.ts")).answerStock,
  jobs: async () => {
    const { createJobAnswerer, RUN_HANDLERS } = await import("./distributed/mod.ts");
    return createJobAnswerer(RUN_HANDLERS);
  },
});
