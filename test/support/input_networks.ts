import * as tf from "@tensorflow/tfjs";
import { zipSync } from "fflate";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { createRandom } from "../../src/base/random.ts";
import { encodeNpy, inTempFolder, randomBytes, writeFile } from "../data/fixtures.ts";
import { add, conv, head, norm, relu, type Symbolic } from "./network_layers.ts";
import { randomizeWeights } from "./networks.ts";

/** What the test data has for an input. */
interface InputData {
  readonly shape: readonly number[];
  readonly type: "bytes" | "floats";
}

/** What the networks read, by name. */
const INPUTS = {
  rgb: { shape: [8, 8, 3], type: "bytes" },
  depth: { shape: [8, 8, 1], type: "floats" },
  bands: { shape: [8, 8, 4], type: "bytes" },
  coarse: { shape: [4, 4, 2], type: "floats" },
  meta: { shape: [5], type: "floats" },
} as const satisfies Record<string, InputData>;

/** Name of an input. */
export type InputName = keyof typeof INPUTS;

function input(name: InputName): Symbolic {
  return tf.input({ name, shape: [...INPUTS[name].shape] });
}

/** Two convolutions, with BatchNormalization. */
function branch(x: Symbolic, name: string, width: number): Symbolic {
  const first = relu(norm(conv(x, `${name}_conv1`, 6), `${name}_bn1`), `${name}_relu1`);
  return relu(norm(conv(first, `${name}_conv2`, width), `${name}_bn2`), `${name}_relu2`);
}

function concatenate(parts: Symbolic[], name: string): Symbolic {
  return tf.layers.concatenate({ name }).apply(parts) as Symbolic;
}

const BUILDERS = {
  /** Colors and depth, which meet in a Concatenate. */
  concatenated: () => {
    const [rgb, depth] = [input("rgb"), input("depth")];
    const joined = concatenate([branch(rgb, "rgb", 5), branch(depth, "depth", 4)], "joined");
    const outputs = head(branch(joined, "joined", 6));
    return tf.model({ name: "concatenated", inputs: [rgb, depth], outputs });
  },
  /** The same, which meet in an Add. */
  added: () => {
    const [rgb, depth] = [input("rgb"), input("depth")];
    const sum = add([branch(rgb, "rgb", 6), branch(depth, "depth", 6)], "sum");
    return tf.model({
      name: "added",
      inputs: [depth, rgb],
      outputs: head(branch(sum, "fused", 6)),
    });
  },
  /** An image and numbers about it. */
  described: () => {
    const [rgb, meta] = [input("rgb"), input("meta")];
    const pooled = tf.layers.globalAveragePooling2d({ name: "pool" })
      .apply(branch(branch(rgb, "rgb", 8), "deep", 6)) as Symbolic;
    const numbers = tf.layers.dense({ name: "numbers", units: 6, activation: "relu" })
      .apply(meta) as Symbolic;
    const outputs = tf.layers.dense({ name: "scores", units: 4, activation: "softmax" })
      .apply(concatenate([pooled, numbers], "joined")) as Symbolic;
    return tf.model({ name: "described", inputs: [rgb, meta], outputs });
  },
  /** Three inputs, images of two sizes among them, and two outputs. */
  three: () => {
    const [rgb, coarse, meta] = [input("rgb"), input("coarse"), input("meta")];
    const up = tf.layers.upSampling2d({ name: "up", size: [2, 2] })
      .apply(branch(coarse, "coarse", 5)) as Symbolic;
    const map = branch(concatenate([branch(rgb, "rgb", 5), up], "joined"), "joined", 6);
    const gate = tf.layers.reshape({ name: "gate", targetShape: [1, 1, 6] }).apply(
      tf.layers.dense({ name: "excite", units: 6, activation: "sigmoid" }).apply(meta),
    ) as Symbolic;
    const gated = tf.layers.multiply({ name: "gated" }).apply([map, gate]) as Symbolic;
    const score = conv(conv(gated, "mixed", 6, { activation: "relu" }), "score", 2);
    const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(gated) as Symbolic;
    const pose = tf.layers.dense({ name: "pose", units: 3 }).apply(pooled) as Symbolic;
    return tf.model({ name: "three", inputs: [rgb, coarse, meta], outputs: [score, pose] });
  },
  /** Images of four bands. */
  satellite: () => {
    const bands = input("bands");
    const outputs = head(branch(branch(bands, "bands", 8), "deep", 6));
    return tf.model({ name: "satellite", inputs: bands, outputs });
  },
};

/** Names of the networks with several inputs, or one that is no picture. */
export type InputNetworkName = keyof typeof BUILDERS;

/** All of them. */
export const inputNetworkNames = Object.keys(BUILDERS) as InputNetworkName[];

const CLASSES = ["a", "b", "c", "d"];

/** How the bytes of the test data are prepared. */
export const TRANSFORM = { scale: 1, mean: [127], std: [74] };

/** One of these networks, with random weights and metadata about its bytes. */
export async function buildInputNetwork(name: InputNetworkName): Promise<ModelFile> {
  const model = BUILDERS[name]();
  const inputs = model.inputNames as InputName[];
  const file = await captureModel(model);
  disposeModel(model);
  randomizeWeights(file, createRandom(3, inputNetworkNames.indexOf(name)));
  const bytes = inputs.filter((each) => INPUTS[each].type === "bytes");
  const preprocess = inputs.length === 1
    ? TRANSFORM
    : { inputs: Object.fromEntries(bytes.map((each) => [each, TRANSFORM])) };
  return { ...file, metadata: { preprocess, classes: CLASSES } };
}

/** Rows of the test data: a number of its own moves each, and its label moves it too. */
function drawRows(name: InputName, count: number, seed: number): Uint8Array | Float32Array {
  const { shape, type } = INPUTS[name];
  const size = shape.reduce<number>((product, extent) => product * extent, 1);
  const salt = 100 * Object.keys(INPUTS).indexOf(name);
  const noise = randomBytes(count * size, seed + salt);
  const shifts = randomBytes(count, seed + salt + 1);
  const bytes = noise.map((value, at) => {
    const row = Math.floor(at / size);
    return (value + shifts[row] + 64 * (row % 4) * (at % 2)) / 3;
  });
  return type === "bytes" ? bytes : Float32Array.from(bytes, (value) => (value - 127) / 74);
}

/** The rows of a split, and the label of each. */
export interface SplitRows {
  readonly count: number;
  readonly labels: Uint8Array;
  readonly rows: ReadonlyMap<InputName, Uint8Array | Float32Array>;
}

const SPLITS = { train: [120, 10], test: [32, 20] } as const;

/** The test data of a split. */
export function drawSplit(split: keyof typeof SPLITS): SplitRows {
  const [count, seed] = SPLITS[split];
  const names = Object.keys(INPUTS) as InputName[];
  return {
    count,
    labels: Uint8Array.from({ length: count }, (_, row) => row % 4),
    rows: new Map(names.map((name) => [name, drawRows(name, count, seed)])),
  };
}

/** Tensors that a network reads of a split, by definition: (byte · scale − mean) / std, and floats as they are. */
export function tensorsOf({ rows, count }: SplitRows, names: readonly string[]): tf.Tensor[] {
  return names.map((name) => {
    const { shape, type } = INPUTS[name as InputName];
    const values = rows.get(name as InputName)!;
    const prepared = type === "floats"
      ? values
      : Float32Array.from(values, (value) => (value - TRANSFORM.mean[0]) / TRANSFORM.std[0]);
    return tf.tensor(prepared as Float32Array, [count, ...shape]);
  });
}

/** Hands a test an .npz file with the arrays of a network's inputs, and a folder to write into. */
export const withArrays =
  (network: InputNetworkName, run: (data: string, folder: string) => Promise<void>) => () =>
    inTempFolder(async (folder) => {
      const model = BUILDERS[network]();
      const names = model.inputNames as InputName[];
      disposeModel(model);
      const entries: Record<string, Uint8Array> = {};
      for (const split of ["train", "test"] as const) {
        const { rows, count, labels } = drawSplit(split);
        for (const name of names) {
          const array = names.length === 1 ? "x" : name;
          const { shape, type } = INPUTS[name];
          entries[`${array}_${split}.npy`] = encodeNpy(
            type === "bytes" ? "|u1" : "<f4",
            `(${[count, ...shape].join(", ")})`,
            rows.get(name) as Uint8Array<ArrayBuffer>,
          );
        }
        entries[`y_${split}.npy`] = encodeNpy(
          "|u1",
          `(${count},)`,
          labels as Uint8Array<ArrayBuffer>,
        );
      }
      await writeFile(`${folder}/set.npz`, zipSync(entries));
      await run(`${folder}/set.npz`, folder);
    });
