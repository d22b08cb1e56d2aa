/** Times the tiles of a module that tiles_bench.ts has compiled, in any engine: `tiles_run.mjs MODULE TILES`. */
import { readFileSync } from "node:fs";
import process from "node:process";

const DEPTH = 256, REPETITIONS = 3000, ROUNDS = 15;
const [path, names] = process.argv.slice(2);
const memory = new WebAssembly.Memory({ initial: 16 });
const { instance } = await WebAssembly.instantiate(readFileSync(path), { env: { memory } });
new Float32Array(memory.buffer).fill(0.001);
const speeds = names.split(",").map((name) => ({ name, of: [] }));
for (let round = 0; round < ROUNDS; round++) {
  for (const { name, of } of speeds) {
    const [rows, columns] = name.slice("tile".length).split("x").map(Number);
    const start = process.cpuUsage();
    instance.exports[name](DEPTH, 0x10000, 0x20000, 0x40000, REPETITIONS);
    const { user, system } = process.cpuUsage(start);
    of.push(2 * rows * columns * DEPTH * REPETITIONS / (user + system) / 1e3);
  }
}
for (const { of } of speeds) of.sort((a, b) => b - a);
console.log(
  speeds.map(({ of }) => `${of[0].toFixed(1)} / ${of[of.length >> 1].toFixed(1)}`).join(","),
);
