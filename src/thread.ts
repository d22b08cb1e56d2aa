/** The script of a thread: `Thread` starts it. */
import { serveThread } from "./base/threads/mod.ts";

serveThread({
  station: async () => (await import("./session/crew/mod.ts")).createStationAnswerer(),
  stock: async () => (await import("./cost/mod.ts")).answerStock,
  jobs: async () => {
    const { RUN_HANDLERS } = await import("./distributed/run_job.ts");
    return (await import("./distributed/mod.ts")).createJobAnswerer(RUN_HANDLERS);
  },
});
