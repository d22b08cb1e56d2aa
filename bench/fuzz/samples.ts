import { join } from "node:path";
import { saveStatistics } from "../../src/execution/calibration/statistics_file.ts";
import { type FileOptions, writeModel } from "../../src/formats/save_model.ts";
import { writeTflite } from "../../src/formats/tflite/write/write.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { SearchJournal } from "../../src/pruning/ratios/search_journal.ts";
import { saveState } from "../../src/tuning/state_folder.ts";
import { encodeJpeg, encodeNpy, encodePng, randomBytes } from "../../test/data/fixtures.ts";
import { constructs } from "../../test/formats/graph_model/constructs.ts";
import { steps } from "../../test/formats/graph_model/steps.ts";
import { encodeAround } from "../../test/formats/keras/attention_files.ts";
import { encodeH5, randomArray, zipEntries } from "../../test/formats/keras/keras_files.ts";
import { series } from "../../test/formats/onnx/series.ts";
import { sketches } from "../../test/formats/onnx/sketches.ts";
import { encodeTail, tails as onnxTails } from "../../test/formats/onnx/tails.ts";
import { spellings } from "../../test/formats/onnx/spellings.ts";
import { sketchDetector, tails } from "../../test/formats/tflite/tails.ts";
import { buildNetworkFile } from "../../test/support/networks.ts";

/** Files of one format that lie in one folder, by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** What journals and states of the samples belong to. */
export const IDENTITY = {
  version: "1",
  model: "a",
  data: "d",
  preprocessing: "p",
  images: 9,
  workers: 1,
  seed: 1,
};

/** Makes real files of a format. */
type Sampler = (folder: string) => Promise<Files[]> | Files[];

const NETWORKS = ["plain", "preActivation", "sequence"] as const;

const networks = (): Promise<ModelFile[]> =>
  Promise.all(NETWORKS.map((name) => buildNetworkFile(name)));

const written = (name: string, main: string, options: FileOptions = {}): Sampler => async () =>
  Promise.all((await networks()).map(async (file) => {
    const files = await writeModel(name, file, options);
    return files.size === 1 ? new Map([[main, [...files.values()][0]]]) : files;
  }));

const only = (name: string, bytes: Uint8Array): Files => new Map([[name, bytes]]);

/** Reads one file that something has written into a folder. */
const saved =
  (name: string, save: (folder: string) => Promise<void>): Sampler => async (folder) => {
    await save(folder);
    return [only(name, await Deno.readFile(join(folder, name)))];
  };

function graphModels(): Files[] {
  return Object.values({ ...constructs, ...steps }).map((build) => {
    const [sketch, outputs] = build();
    const json = new TextEncoder().encode(JSON.stringify(sketch.json(...outputs)));
    return new Map([["model.json", json], ["group1-shard1of1.bin", sketch.shard()]]);
  });
}

function h5(): Files[] {
  const layers = [
    {
      class_name: "Conv2D",
      config: {
        name: "conv",
        filters: 3,
        kernel_size: [2, 2],
        activation: "relu",
        batch_input_shape: [null, 8, 8, 3],
      },
    },
    { class_name: "Flatten", config: { name: "flat" } },
    { class_name: "Dense", config: { name: "dense", units: 2 } },
  ];
  const config = { class_name: "Sequential", config: { name: "s", layers } };
  const bytes = encodeH5(config, {
    conv: { "conv/kernel:0": randomArray([2, 2, 3, 3], 1), "conv/bias:0": randomArray([3], 2) },
    flat: {},
    dense: { "dense/kernel:0": randomArray([147, 2], 3), "dense/bias:0": randomArray([2], 4) },
  });
  return [only("model.h5", bytes)];
}

const moments = {
  ...{ d: 2, n: 1, count: 4 },
  gram: new Float64Array([1, 0, 0, 1]),
  cross: new Float64Array(2),
  sumX: new Float64Array(2),
  sumY: new Float64Array(1),
  sumYY: new Float64Array(1),
};

const identity = {
  ...{ version: "1", model: "m", data: "d", preprocessing: "{}" },
  ...{ images: 4, pointsPerImage: 1, seed: 0 },
};

/** Makes real files, by their format. */
export const samplers: ReadonlyMap<string, Sampler> = new Map<string, Sampler>([
  ["model.json", written("model", "model.json")],
  ["graph model", graphModels],
  [".keras", async () => [
    ...await written("model.keras", "model.keras")("") as Files[],
    ...await written("model.keras", "model.keras", { quantize: "float16" })("") as Files[],
    only("model.keras", encodeAround()),
  ]],
  [".h5", h5],
  [".onnx", async () => [
    ...await written("model.onnx", "model.onnx")("") as Files[],
    ...Object.values({ ...sketches, ...spellings, ...series }).map((make) =>
      only("model.onnx", make())
    ),
    ...Object.values(onnxTails).map((make) => only("model.onnx", encodeTail(make()))),
  ]],
  [".tflite", async () => {
    const files = await networks();
    const kernels = ["float32", "float16", "int8"] as const;
    const written = files.flatMap((file) =>
      kernels.map((type) => writeTflite(file, { kernels: type }))
    );
    const detector = sketchDetector();
    const withTails = [
      ...Object.values(tails).map((make) => make()),
      detector.encode([detector.image], detector.ends),
    ];
    return [...written, ...withTails].map((bytes) => only("model.tflite", bytes));
  }],
  [
    "statistics",
    saved("statistics", (folder) =>
      saveStatistics(join(folder, "statistics"), {
        identity,
        shards: { of: 1, have: [1] },
        layers: new Map([["conv", moments]]),
      })),
  ],
  [".npz", () => {
    const npz = zipEntries({
      "x_train.npy": encodeNpy("|u1", "(4, 2, 2, 3)", randomBytes(4 * 12, 1)),
      "y_train.npy": encodeNpy("|u1", "(4,)", new Uint8Array([0, 1, 0, 1])),
    });
    return [only("data.npz", npz)];
  }],
  ["JPEG", () => [only("image.jpg", encodeJpeg(16, 16, randomBytes(1024, 2)))]],
  ["PNG", () => [
    only("image.png", encodePng(randomBytes(768, 3), { width: 16, height: 16, colorType: 2 })),
  ]],
  [
    "journal",
    saved("search.jsonl", async (folder) => {
      const journal = await SearchJournal.start(join(folder, "search.jsonl"), IDENTITY);
      for (const rollout of [1, 2, 3]) {
        await journal.append({ kind: "measured", rollout, loss: 0.5 });
      }
    }),
  ],
  [
    "checkpoint",
    saved(
      "state.bin",
      (folder) =>
        saveState({ folder, identity: IDENTITY }, {
          progress: { step: 3 },
          arrays: [new Float32Array(5)],
        }),
    ),
  ],
]);
