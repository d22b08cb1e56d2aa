import { readFile } from "node:fs/promises";
import { parseJson } from "../base/mod.ts";
import { encodeModelFiles, readModel } from "../formats/mod.ts";
import {
  decodeWeights,
  encodeWeights,
  type FileTail,
  type GraphTail,
  type ModelFile,
  type ModelFrame,
  type ModelTail,
  readWeightSpec,
  type WeightSpec,
} from "../model/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";

/** Name of the file of a model that names the others. */
const MODEL = "model.json";

/** Files for what a layers model has no place for; what a tail is written back from is in a file of its own. */
const BEYOND = "beyond.json", TAIL = "tail.bin";

/** What a tail is written back from, without its bytes. */
type TailOutline =
  | Omit<GraphTail, "weights"> & { readonly specs: readonly WeightSpec[] }
  | Omit<FileTail, "bytes">;

/** What a layers model has no place for. */
interface BeyondLayers extends Pick<ModelFile, "quantized"> {
  readonly frame?: Omit<ModelFrame, "tail"> & {
    readonly tail?: Omit<ModelTail, "content"> & { readonly content: TailOutline };
  };
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
  const tail = frame?.tail;
  const { outline, bytes } = tail ? encodeContent(tail.content) : {};
  const beyond: BeyondLayers = {
    quantized,
    frame: frame && { ...frame, tail: tail && outline && { ...tail, content: outline } },
  };
  return new Map([
    [BEYOND, new TextEncoder().encode(JSON.stringify(beyond))],
    ...bytes ? [[TAIL, bytes] as const] : [],
  ]);
}

function encodeContent(content: ModelTail["content"]): { outline: TailOutline; bytes: Uint8Array } {
  if (content.kind === "file") return { outline: { kind: content.kind }, bytes: content.bytes };
  const { weights, ...rest } = content;
  const { specs, bytes } = encodeWeights(weights.values());
  return { outline: { ...rest, specs }, bytes };
}

function decodeContent(outline: TailOutline, bytes: Uint8Array): ModelTail["content"] {
  if (outline.kind === "file") return { ...outline, bytes };
  const { specs, ...rest } = outline;
  const read = specs.map((spec) => readWeightSpec(spec, TAIL));
  const weights = new Map(decodeWeights(read, bytes).map((weight) => [weight.name, weight]));
  return { ...rest, weights };
}

function decodeBeyond(
  files: ReadonlyMap<string, Uint8Array>,
): Pick<ModelFile, "quantized" | "frame"> {
  const bytes = files.get(BEYOND);
  if (bytes === undefined) return {};
  const beyond = parseJson(new TextDecoder().decode(bytes)) as unknown as BeyondLayers;
  const { quantized, frame } = beyond;
  const content = frame?.tail &&
    decodeContent(frame.tail.content, files.get(TAIL) ?? new Uint8Array());
  return {
    ...(quantized && { quantized }),
    ...(frame && {
      frame: { ...frame, ...(frame.tail && { tail: { ...frame.tail, content } }) } as ModelFrame,
    }),
  };
}
