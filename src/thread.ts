/** The script of a thread: `Thread` starts it. */
import { serveThread } from "./threads/mod.ts";

serveThread({
  station: async () => (await import("./parallel/mod.ts")).createStationAnswerer(),
  stock: async () => (await import("./cost/mod.ts")).answerStock,
  jobs: async () => {
    const { RUN_HANDLERS } = await import("./run_work.ts");
    return (await import("./remote/mod.ts")).createJobAnswerer(RUN_HANDLERS);
  },
});
