/**
 * Reads mutants as Secateur reads files, and says what came of each: `read`, `refused`, or what went wrong.
 *
 * @module
 */
import { join } from "node:path";
import { decodeImage } from "../../src/data/decode_image.ts";
import { openDataset } from "../../src/data/open_dataset.ts";
import { loadStatistics } from "../../src/execution/calibration/statistics_file.ts";
import { readModel } from "../../src/formats/open_model.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { inlineModels } from "../../src/graph/opening/inline_models.ts";
import { findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel } from "../../src/model/instantiate.ts";
import type { InputPreparation } from "../../src/model/preprocessing.ts";
import { SearchJournal } from "../../src/pruning/ratios/search_journal.ts";
import { loadState } from "../../src/tuning/state_folder.ts";
import { type Files, IDENTITY } from "./samples.ts";

/** A mutant to be read. */
export interface ReadRequest {
  readonly format: string;
  readonly files: Files;
  readonly folder: string;
}

/** What came of it. */
export interface ReadAnswer {
  readonly outcome: "read" | "refused" | "crashed";
  /** The error of a crash. */
  readonly error?: string;
}

const INPUT: InputPreparation = {
  name: "x",
  shape: [2, 2, 3],
  transform: { scale: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: "rgb" },
};

async function openModel(files: Files): Promise<void> {
  const [name] = files.has("model.json") ? ["model.json"] : files.keys();
  const { model, graph } = await openNetwork(inlineModels(await readModel(name, files)));
  findChannelSpaces(graph);
  disposeModel(model);
}

async function readFrom(format: string, folder: string, files: Files): Promise<void> {
  const [[name, bytes]] = files;
  const path = join(folder, name);
  if (format === "statistics") return void await loadStatistics(path);
  if (format === "journal") return void await SearchJournal.open(path, IDENTITY);
  if (format === "checkpoint") return void await loadState({ folder, identity: IDENTITY });
  if (format !== ".npz") return void await decodeImage(bytes);
  const dataset = await openDataset(path, { inputs: [INPUT] });
  dataset.close();
}

const MODELS = ["model.json", "graph model", ".keras", ".h5", ".onnx", ".tflite"];

/** What Deno gives a thread to speak with, which the types of the main one lack. */
const thread = self as unknown as {
  onmessage: (event: MessageEvent<ReadRequest>) => void;
  postMessage(answer: ReadAnswer): void;
};

await startBackend();

thread.onmessage = async ({ data: { format, files, folder } }: MessageEvent<ReadRequest>) => {
  let answer: ReadAnswer;
  try {
    if (MODELS.includes(format)) await openModel(files);
    else {
      for (const [name, bytes] of files) await Deno.writeFile(join(folder, name), bytes);
      await readFrom(format, folder, files);
    }
    answer = { outcome: "read" };
  } catch (error) {
    const { name, stack } = error as Error;
    const isRefusal = name === "InputError" || (isPicture(format) && name === "ImageError");
    answer = isRefusal ? { outcome: "refused" } : { outcome: "crashed", error: String(stack) };
  }
  thread.postMessage(answer);
};

/** Pictures that cannot be read are counted by whoever asked for them. */
function isPicture(format: string): boolean {
  return format === "JPEG" || format === "PNG";
}

thread.postMessage({ outcome: "read" } satisfies ReadAnswer);
