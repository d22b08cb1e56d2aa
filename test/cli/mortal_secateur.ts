/** `secateur` with worker threads that end without a word at their fifth step of training. */
import { makeWorkersMortal } from "../session/workers/mortal_workers.ts";

makeWorkersMortal({ method: "trainStep", at: 5, how: "close" });
await import("../../cli/main.ts");
