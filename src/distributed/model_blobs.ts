import { readFile } from "node:fs/promises";
import { parseJson } from "../base/mod.ts";
import { encodeModelFiles, readModel } from "../formats/mod.ts";
import {
  decodeWeights,
  encodeWeights,
  type ModelFile,
  type ModelFrame,
  type ModelTail,
  readWeightSpec,
  type WeightSpec,
} from "../model/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";

/** Name of the file of a model that names the others. */
const MODEL = "model.json";

/** Files for what a layers model has no place for. */
const BEYOND = "beyond.json", TAIL_WEIGHTS = "tail.bin";

/** What a layers model has no place for; what constants of a tail hold is in a file of its own. */
interface BeyondLayers extends Pick<ModelFile, "quantized"> {
  readonly frame?: Omit<ModelFrame, "tail"> & { readonly tail?: Omit<ModelTail, "weights"> };
  readonly tailWeights?: readonly WeightSpec[];
}

/** Keeps a model as blobs: its files by name, weights in full precision. */
export async function putModel(file: ModelFile, blobs: BlobStore): Promise<Record<string, string>> {
  const files = new Map([...encodeModelFiles(file, "float32"), ...encodeBeyond(file)]);
  const names: Record<string, string> = {};
  for (const [name, bytes] of files) names[name] = await blobs.put(bytes);
  return names;
}

/** Gets a model that {@link putModel} has kept. */
export async function getModel(
  names: Readonly<Record<string, string>>,
  blobs: BlobStore,
): Promise<ModelFile> {
  const files = new Map<string, Uint8Array>();
  for (const [name, blob] of Object.entries(names)) {
    files.set(name, new Uint8Array(await readFile(await blobs.fetch(blob))));
  }
  return { ...await readModel(MODEL, files), ...decodeBeyond(files) };
}

function encodeBeyond({ quantized, frame }: ModelFile): Map<string, Uint8Array> {
  if (quantized === undefined && frame === undefined) return new Map();
  const { weights, ...tail } = frame?.tail ?? {};
  const stored = weights && encodeWeights(weights.values());
  const beyond: BeyondLayers = {
    quantized,
    frame: frame && { ...frame, tail: stored && tail as Omit<ModelTail, "weights"> },
    tailWeights: stored?.specs,
  };
  return new Map([
    [BEYOND, new TextEncoder().encode(JSON.stringify(beyond))],
    ...stored ? [[TAIL_WEIGHTS, stored.bytes] as const] : [],
  ]);
}

function decodeBeyond(
  files: ReadonlyMap<string, Uint8Array>,
): Pick<ModelFile, "quantized" | "frame"> {
  const bytes = files.get(BEYOND);
  if (bytes === undefined) return {};
  const beyond = parseJson(new TextDecoder().decode(bytes)) as unknown as BeyondLayers;
  const { quantized, frame, tailWeights = [] } = beyond;
  const specs = tailWeights.map((spec) => readWeightSpec(spec, TAIL_WEIGHTS));
  const weights = new Map(
    decodeWeights(specs, files.get(TAIL_WEIGHTS) ?? new Uint8Array())
      .map((weight) => [weight.name, weight]),
  );
  return {
    ...(quantized && { quantized }),
    ...(frame && {
      frame: { ...frame, ...(frame.tail && { tail: { ...frame.tail, weights } }) } as ModelFrame,
    }),
  };
}
