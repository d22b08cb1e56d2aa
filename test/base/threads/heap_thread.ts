/** A thread that answers with the bytes of JavaScript's heap; the test of messages starts it. */
import process from "node:process";
import { serveThread } from "../../../src/base/mod.ts";

const answer = () => Promise.resolve(process.memoryUsage().heapUsed);
const role = () => Promise.resolve(answer);
serveThread({ replica: role, comparison: role, runtime: role, jobs: role });
