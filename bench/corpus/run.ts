/**
 * Prunes the real models of some packages of npm to a half, writes them in every format, and holds these against stock
 * TensorFlow.js, ONNX Runtime and LiteRT:
 *
 *     deno task corpus [PACKAGE…]
 *
 * Packages are unpacked to a temporary folder, which is removed afterwards. The table is printed.
 *
 * @module
 */
import { join } from "node:path";
import { findModels, unpackPackage } from "./find_models.ts";
import { FORMATS, reasonOf, type Verdict } from "./judge_model.ts";
import { packages } from "./packages.ts";

/** Time that a model may take, in milliseconds. */
const MOST_TIME = 900_000;

/** A process for every model, so that one that takes all memory or all time ends alone. */
async function judge(path: string): Promise<Verdict> {
  const script = new URL("judge_one.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "--no-prompt", "--allow-all", script, path];
  const signal = AbortSignal.timeout(MOST_TIME);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, signal }).output();
  const verdict = new TextDecoder().decode(stdout).split("\n").find((line) => line.startsWith("{"));
  if (verdict) return JSON.parse(verdict);
  const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new Error(said || `took more than ${MOST_TIME / 1000} s`);
}

const chosen = packages.filter(({ name }) => Deno.args.length === 0 || Deno.args.includes(name));
const folder = await Deno.makeTempDir();
const header = ["model", "read as", "kept", "as given", ...FORMATS];
console.log(`| ${header.join(" | ")} |`);
console.log(`| ${header.map(() => "---").join(" | ")} |`);
try {
  for (const each of chosen) {
    const place = await unpackPackage(each, folder);
    for (const path of await findModels(place)) {
      const verdict = await judge(join(place, path)).catch((error) => ({
        layers: reasonOf(error),
        pruned: "",
        given: "",
        formats: undefined,
      }));
      const cells = FORMATS.map((format) => verdict.formats?.[format] ?? "");
      const name = `${each.name} ${path}`;
      console.log(
        `| ${[name, verdict.layers, verdict.pruned, verdict.given, ...cells].join(" | ")} |`,
      );
    }
    await Deno.remove(place, { recursive: true });
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
