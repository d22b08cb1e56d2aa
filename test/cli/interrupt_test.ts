import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder, listNames, pruneArguments, writeSmallData } from "./fixtures.ts";
import { exampleModel, interruptAt } from "./run_cli.ts";

/** Runs that are interrupted once they have said a word: what they say is left, and what is. */
const RUNS: Record<string, {
  args: (data: string, out: string) => string[];
  word: string;
  message: RegExp;
  left: string[];
}> = {
  calibrate: {
    args: (data, out) => ["calibrate", exampleModel, "--data", data, "--out", out],
    word: "gathering",
    message: /interrupted; nothing was written; .*--shard k\/n$/,
    left: [],
  },
  eval: {
    args: (data) => ["eval", exampleModel, "--data", data, "--batch-size-eval", "10"],
    word: "evaluating",
    message: /interrupted; nothing was written; give the same command again/,
    left: [],
  },
  bench: {
    args: () => ["bench", exampleModel, exampleModel, "--rounds", "10000", "--batch-size", "4"],
    word: "measuring",
    message: /interrupted; nothing was written; give the same command again/,
    left: [],
  },
  "prune without a state": {
    args: (data, out) => pruneArguments(data, out, "--nb-batches", "30"),
    word: "pruning",
    message: /interrupted; nothing was written; give the same command again/,
    left: [],
  },
  "prune with statistics": {
    args: (data, out) => [
      ...pruneArguments(data, out, "--nb-batches", "30", "--statistics", `${out}.safetensors`),
      ...["--shared", "couple"],
    ],
    word: "pruning",
    message: /interrupted; .*out\.safetensors kept: the same command reads what is in there$/,
    left: ["out.safetensors"],
  },
  "finetune before its first step": {
    args: (data, out) => [
      ...["finetune", exampleModel, "--data", data, "--out", out],
      ...["--validation-images", "100", "--batch-size", "20"],
    ],
    word: "evaluating",
    message: /interrupted.*; nothing was written; give the same command again/,
    left: [],
  },
  finetune: {
    args: (data, out) => [
      ...["finetune", exampleModel, "--data", data, "--out", out, "--epochs", "50"],
      ...["--validation-images", "100", "--batch-size", "20"],
    ],
    word: "epoch 1",
    message: /interrupted in epoch \d+; the state is in .*out\.checkpoint: .* --resume to go on$/,
    left: ["out.checkpoint"],
  },
};

Deno.test("an interrupt says what is kept, ends with 130 and leaves no debris, on one thread too", async (t) => {
  await inTempFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data, { train: 600, test: 600 });
    for (const [what, { args, word, message, left }] of Object.entries(RUNS)) {
      await t.step(what, async () => {
        const own = await Deno.makeTempDir({ dir: folder });
        const threads = what === "bench" ? [] : ["--workers", "1"];
        const line = [...args(data, join(own, "out")), ...threads];
        const { code, stdout, said } = await interruptAt(word, line);
        assert.equal(code, 130, said);
        assert.equal(stdout, "");
        assert.match(said.trimEnd().split("\n").at(-1)!, message);
        assert.deepEqual(await listNames(own), left);
      });
    }
  });
});
