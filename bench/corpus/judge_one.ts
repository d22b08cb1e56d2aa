/**
 * Judges one model and prints the verdict as JSON.
 *
 * @module
 */
import { startBackend } from "../../src/mod.ts";
import { judgeModel, reasonOf } from "./judge_model.ts";

await startBackend();
const verdict = await judgeModel(Deno.args[0]).catch((error) => ({
  layers: `refused: ${reasonOf(error)}`,
  pruned: "",
  given: "",
  formats: {},
}));
console.log(JSON.stringify(verdict));
Deno.exit();
