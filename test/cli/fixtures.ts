import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { encodePng, inTempFolder, writeFile } from "../data/fixtures.ts";
import { exampleData, exampleModel, projectFolder } from "./run_cli.ts";

export { inTempFolder, writeFile };

/** Convolutions of the embedded network, in the order of the ratio list. */
export const convolutions = [
  "conv1",
  "stage1_block1_projection",
  "stage1_block1_conv1",
  "stage1_block1_conv2",
  "stage2_block1_projection",
  "stage2_block1_conv1",
  "stage2_block1_conv2",
  "stage3_block1_projection",
  "stage3_block1_conv1",
  "stage3_block1_conv2",
];

/** Enough for the statistics of the embedded network: as many samples as its largest layer has inputs. */
export const quickSampling = ["--nb-batches", "1", "--batch-size", "64", "--workers", "1"];

/** The same for a pruning run, whose report then has no latencies. */
export const quickPruning = [...quickSampling, "--no-latency"];

/** Arguments of a quick uniform run. */
export function pruneArguments(data: string, out: string, ...more: string[]): string[] {
  return [
    ...["prune", exampleModel, "--data", data, "--out", out, "--prune-option", "uniform"],
    ...["--uniform-preserve-ratio", "0.5", ...quickPruning, ...more],
  ];
}

const IMAGE_SIZE = 28;

/** The first images of the embedded Fashion-MNIST, as IDX. */
export async function writeSmallData(
  folder: string,
  counts: { train: number; test: number } = { train: 80, test: 60 },
): Promise<void> {
  for (const [prefix, count] of [["train", counts.train], ["t10k", counts.test]] as const) {
    for (
      const [name, header, item] of [["images-idx3", 16, IMAGE_SIZE ** 2], [
        "labels-idx1",
        8,
        1,
      ]] as const
    ) {
      const content = (await readExample(`${prefix}-${name}`)).slice(0, header + count * item);
      new DataView(content.buffer).setUint32(4, count);
      await writeFile(join(folder, `${prefix}-${name}-ubyte`), content);
    }
  }
}

/** Small PNGs in ten classes, of which the first in every list is no image. */
export async function writePngData(
  folder: string,
  { perClass, broken, channels = 1 }: { perClass: number; broken: number; channels?: 1 | 3 },
): Promise<string[]> {
  const images = (await readExample("train-images-idx3")).subarray(16);
  const brokenNames: string[] = [];
  for (let index = 0; index < 20 * perClass; index++) {
    const split = index < 10 * perClass ? "train" : "test";
    const path = join(folder, split, `class${index % 10}`, `${String(index).padStart(4, "0")}.png`);
    const isBroken = split === "test" && index % 10 === 0 && brokenNames.length < broken;
    const gray = images.subarray(index * IMAGE_SIZE ** 2, (index + 1) * IMAGE_SIZE ** 2);
    const samples = Uint8Array.from(
      { length: gray.length * channels },
      (_, at) => gray[Math.floor(at / channels)],
    );
    const png = encodePng(samples, {
      width: IMAGE_SIZE,
      height: IMAGE_SIZE,
      colorType: channels === 1 ? 0 : 2,
    });
    await writeFile(path, isBroken ? png.subarray(0, 60) : png);
    if (isBroken) brokenNames.push(path);
  }
  return brokenNames;
}

/** A copy of the embedded network with another model.json. */
export async function writeChangedModel(
  folder: string,
  // deno-lint-ignore no-explicit-any
  change: (model: any) => void,
): Promise<void> {
  const source = join(projectFolder, exampleModel);
  const model = JSON.parse(await Deno.readTextFile(join(source, "model.json")));
  change(model);
  await writeFile(join(folder, "model.json"), new TextEncoder().encode(JSON.stringify(model)));
  for (const path of model.weightsManifest[0].paths) {
    await Deno.copyFile(join(source, path), join(folder, path));
  }
}

/** Files of a run's report, which says when and how long the run was. */
export const reportNames = ["report.html", "report.json"];

/** Content of a folder's files by name, without a report. */
export async function readFiles(folder: string): Promise<Map<string, Uint8Array>> {
  const names = (await listNames(folder)).filter((name) => !reportNames.includes(name));
  const read = async (name: string) => [name, await Deno.readFile(join(folder, name))] as const;
  return new Map(await Promise.all(names.map(read)));
}

/** Names in a folder, hidden ones too. */
export async function listNames(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

async function readExample(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(projectFolder, exampleData, `${name}-ubyte.gz`);
  return new Uint8Array(gunzipSync(await Deno.readFile(path)));
}
