/**
 * What engines make of the micro-kernel: tiles of several sizes, with and without checks of addresses and pairing of
 * vectors.
 *
 *     deno run --allow-all bench/tiles_bench.ts [NODE]
 *
 * A tile is written out as AssemblyScript with relaxed multiply-adds: `rows` broadcasts, each multiplied with a row of
 * `columns` floats. The last one, which the kernels use, loads its four rows at once and spreads them by shuffles. NODE is a Node that knows `--experimental-wasm-revectorize` (26), by default `node`. GFLOP/s by time
 * of the processor, fastest / median of 15 rounds. Every engine is started anew; one that refuses a flag is left out.
 *
 * @module
 */
import asc from "assemblyscript/asc";
import { formatTable } from "./timing.ts";

/** Rows and columns, and whether a row of four is loaded at once and spread by shuffles. */
const TILES = [[6, 8, false], [6, 16, false], [4, 16, false], [4, 8, true]] as const;
const RUN = new URL("tiles_run.mjs", import.meta.url).pathname;

/** The source of a tile: sums stay in local variables over the whole depth. */
function writeTile(rows: number, columns: number, isSpread: boolean): string {
  const vectors = Array.from({ length: columns / 4 }, (_, index) => index);
  const sums = Array.from(
    { length: rows },
    (_, row) => vectors.map((vector) => ({ row, vector, name: `c${row}${vector}` })),
  );
  const offset = (row: number, vector: number) => 16 * (row * vectors.length + vector);
  const all = sums.flat();
  const spread = (row: number) =>
    isSpread
      ? `v128.shuffle<i32>(four, four, ${row}, ${row}, ${row}, ${row})`
      : `v128.load32_splat(a, ${4 * row})`;
  return `
function once${rows}x${columns}(depth: i32, a: usize, b: usize, sums: usize): void {
${
    all.map(({ row, vector, name }) => `let ${name} = v128.load(sums, ${offset(row, vector)});`)
      .join("\n")
  }
for (let k = depth; k > 0; k--) {
let x: v128;
${isSpread ? "const four = v128.load(a);" : ""}
${vectors.map((vector) => `const b${vector} = v128.load(b, ${16 * vector});`).join("\n")}
${
    sums.map((own, row) =>
      [
        `x = ${spread(row)};`,
        ...own.map(({ vector, name }) => `${name} = f32x4.relaxed_madd(x, b${vector}, ${name});`),
      ].join("\n")
    ).join("\n")
  }
a += ${4 * rows}; b += ${4 * columns};
}
${
    all.map(({ row, vector, name }) => `v128.store(sums, ${name}, ${offset(row, vector)});`).join(
      "\n",
    )
  }
}
export function tile${rows}x${columns}(depth: i32, a: usize, b: usize, sums: usize, n: i32): void {
for (let r = 0; r < n; r++) once${rows}x${columns}(depth, a, b, sums);
}`;
}

async function compile(initialMemory: number): Promise<string> {
  const source = TILES.map(([rows, columns, isSpread]) => writeTile(rows, columns, isSpread)).join(
    "\n",
  );
  const { error, binary } = await asc.compileString(source, {
    optimizeLevel: 3,
    runtime: "stub",
    enable: ["simd", "relaxed-simd"],
    importMemory: true,
    initialMemory,
    noAssert: true,
  });
  if (error || !binary) throw new Error(`compile the tiles: ${error?.message}`);
  const path = Deno.makeTempFileSync({ suffix: ".wasm" });
  Deno.writeFileSync(path, binary);
  return path;
}

const [node = "node"] = Deno.args;
const deno = [Deno.execPath(), "run", "--allow-read", "--no-config"];
const PAIRING = "--experimental-wasm-revectorize";
/** Engines, their flags, and the pages of memory that the module declares. */
const ENGINES: readonly (readonly [string, readonly string[], number])[] = [
  ["Node", [node], 0],
  [`Node, \`${PAIRING}\``, [node, PAIRING], 0],
  ["Node, `--wasm-enforce-bounds-checks`", [node, "--wasm-enforce-bounds-checks"], 0],
  ["Deno", deno, 0],
  ["Deno, a page of memory declared", deno, 1],
  [`Deno, \`${PAIRING}\``, [...deno, `--v8-flags=${PAIRING}`], 0],
  ["Deno, `--no-wasm-bounds-checks`", [...deno, "--v8-flags=--no-wasm-bounds-checks"], 0],
  ["Deno, both", [...deno, `--v8-flags=${PAIRING},--no-wasm-bounds-checks`], 0],
];
const names = TILES.map(([rows, columns]) => `tile${rows}x${columns}`);
const modules = [await compile(0), await compile(1)];
const rows: Record<string, string>[] = [];
for (const [engine, [program, ...flags], pages] of ENGINES) {
  const args = [...flags, RUN, modules[pages], names.join(",")];
  const { success, stdout } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
  if (!success) continue;
  const speeds = new TextDecoder().decode(stdout).trim().split(",");
  rows.push({
    "engine and flags": engine,
    ...Object.fromEntries(TILES.map(([r, c], index) => [`${r}×${c}`, speeds[index]])),
  });
}
for (const path of modules) Deno.removeSync(path);
console.log(formatTable(rows));
