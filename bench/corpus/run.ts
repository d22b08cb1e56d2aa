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
import { startBackend } from "../../src/mod.ts";
import { findModels, unpackPackage } from "./find_models.ts";
import { FORMATS, judgeModel, reasonOf } from "./judge_model.ts";
import { packages } from "./packages.ts";

await startBackend();
const chosen = packages.filter(({ name }) => Deno.args.length === 0 || Deno.args.includes(name));
const folder = await Deno.makeTempDir();
const header = ["model", "read as", "kept", ...FORMATS];
console.log(`| ${header.join(" | ")} |`);
console.log(`| ${header.map(() => "---").join(" | ")} |`);
try {
  for (const each of chosen) {
    const place = await unpackPackage(each, folder);
    for (const path of await findModels(place)) {
      const verdict = await judgeModel(join(place, path)).catch((error) => ({
        layers: `refused: ${reasonOf(error)}`,
        pruned: "",
        formats: undefined,
      }));
      const cells = FORMATS.map((format) => verdict.formats?.[format] ?? "");
      const name = `${each.name} ${path}`;
      console.log(`| ${[name, verdict.layers, verdict.pruned, ...cells].join(" | ")} |`);
    }
    await Deno.remove(place, { recursive: true });
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
