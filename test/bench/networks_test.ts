import assert from "node:assert/strict";
import { takeImages } from "../../bench/take_images.ts";
import { withNoise } from "../support/noise.ts";

/** Runs the program in a process of its own. */
async function run(...args: string[]): Promise<{ success: boolean; out: string; said: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", "bench/networks.ts", ...args],
  }).output();
  const [out, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, out, said };
}

Deno.test(
  "a network is trained and pruned by every policy once, and another run goes on behind that",
  withNoise(async (data, folder) => {
    const tiny = ["--networks", "inception-se", "--epochs", "1", "--repair-steps", "2"];
    const more = ["--shares", "0.6", "--repairs", "layers"];
    const first = await run(data, folder, ...tiny, ...more, "--policies", "budget");
    assert.ok(first.success, first.said);
    assert.match(
      first.out,
      /\| inception-se \| 0\.6 \| budget \| layers \| \d\d\.\d % \| \d+\.\d\d % \|/,
    );
    const both = await run(data, folder, ...tiny, ...more, "--policies", "budget,uniform");
    assert.ok(both.success, both.said);
    assert.ok(both.out.startsWith(first.out.trimEnd()), "what is done is not done again");
    const [, kept] = both.out.match(/\| inception-se \| 0\.6 \| uniform \| layers \| (\S+) % \|/)!;
    assert.ok(Math.abs(Number(kept) - 60) < 6, `${kept} % of the multiply-accumulates`);
    const other = await run(data, folder, ...tiny, ...more, "--seed", "1");
    assert.ok(!other.success);
    assert.match(other.said, /found rows with seed "?0"?, wanted "?1"?; give another folder/);
  }),
);

Deno.test(
  "images are taken from every class alike",
  withNoise(async (data, folder) => {
    const taken = await takeImages(data, `${folder}/some`, 20);
    const count = (split: string) =>
      Array.from(
        Deno.readDirSync(`${taken}/${split}`),
        ({ name }) => Array.from(Deno.readDirSync(`${taken}/${split}/${name}`)).length,
      );
    assert.deepEqual([count("train"), count("test")], [[5, 5, 5, 5], [1, 1, 1, 1]]);
  }),
);
