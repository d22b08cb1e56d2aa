import * as tf from "@tensorflow/tfjs";
import { zipSync } from "fflate";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { createRandom } from "../../src/base/random.ts";
import { encodeNpy, inTempFolder, randomBytes, writeFile } from "../data/fixtures.ts";
import { Layout, type Symbolic } from "../zoo/layout.ts";
import { randomizeWeights } from "./networks.ts";

/** Words of the vocabulary. */
const VOCABULARY = 20;

const SHAPES = { words: [12], image: [8, 8, 3], clip: [3, 8, 8, 3] } as const;

type InputKind = keyof typeof SHAPES;

/** Layouts with sequences. */
class SequenceLayout extends Layout {
  embed(words: Symbolic): Symbolic {
    return tf.layers.embedding({ name: "embedding", inputDim: VOCABULARY, outputDim: 6 })
      .apply(words) as Symbolic;
  }

  sequence(x: Symbolic, filters: number, kernelSize = 3): Symbolic {
    return tf.layers.conv1d({
      name: this.nameOf("conv"),
      filters,
      kernelSize,
      padding: "same",
      activation: "relu",
    }).apply(x) as Symbolic;
  }

  scores(x: Symbolic): Symbolic {
    return this.dense(this.dense(x, 6, "relu"), 4, "softmax");
  }
}

interface Built {
  readonly reads: InputKind;
  readonly build: (net: SequenceLayout, input: Symbolic) => Symbolic;
}

const NETWORKS = {
  /** Words of a table, convolutions over them. */
  words: {
    reads: "words",
    build: (net, words) => {
      const x = net.sequence(net.sequence(net.sequence(net.embed(words), 7), 6), 5);
      return net.scores(tf.layers.globalMaxPooling1d({ name: "pool" }).apply(x) as Symbolic);
    },
  },
  /** The same, read by a GRU. */
  spokenWords: {
    reads: "words",
    build: (net, words) => {
      const x = net.sequence(net.sequence(net.sequence(net.embed(words), 7), 6), 5);
      return net.scores(tf.layers.gru({ name: "gru", units: 5 }).apply(x) as Symbolic);
    },
  },
  /** Columns of a map, read by an LSTM in both directions, as in readers of texts. */
  columns: {
    reads: "image",
    build: (net, image) => {
      const map = net.unit(net.unit(net.unit(image, 6), 7), 4);
      const lstm = tf.layers.lstm({ units: 5, returnSequences: true }) as tf.RNN;
      const x = tf.layers.bidirectional({ name: "both", layer: lstm, mergeMode: "concat" })
        .apply(net.reshape(net.permute(map, [2, 1, 3]), [8, 32])) as Symbolic;
      const y = net.sequence(net.sequence(x, 6), 5);
      return net.scores(tf.layers.globalMaxPooling1d({ name: "pool" }).apply(y) as Symbolic);
    },
  },
  /** Attention of every position to every other. */
  attention: {
    reads: "image",
    build: (net, image) => {
      const map = net.maxPool(net.unit(net.unit(image, 6), 8));
      const x = net.reshape(map, [16, 8]);
      const [query, key, value] = [1, 2, 3].map(() => net.sequence(x, 6, 1));
      const likeness = tf.layers.dot({ name: "likeness", axes: [2, 2] }).apply([query, key]);
      const weights = net.act(likeness as Symbolic, "softmax");
      const read = tf.layers.dot({ name: "read", axes: [2, 1] }).apply([weights, value]);
      const y = net.sequence(net.sequence(read as Symbolic, 7), 6);
      return net.scores(tf.layers.globalAveragePooling1d({ name: "pool" }).apply(y) as Symbolic);
    },
  },
  /** A recurrent convolution over the frames of a clip. */
  clip: {
    reads: "clip",
    build: (net, clip) => {
      const options = { name: "recurrent", filters: 5, kernelSize: 3, padding: "same" } as const;
      const map = tf.layers.convLstm2d(options).apply(clip) as Symbolic;
      return net.scores(net.globalPool(net.unit(net.unit(net.unit(map, 6), 7), 5)));
    },
  },
} satisfies Record<string, Built>;

/** Name of a network with layers that are not looked into. */
export type OpaqueName = keyof typeof NETWORKS;

/** All of them. */
export const opaqueNames = Object.keys(NETWORKS) as OpaqueName[];

/** One of these networks, with random weights. */
export async function buildOpaque(name: OpaqueName): Promise<ModelFile> {
  const { reads, build } = NETWORKS[name];
  const net = new SequenceLayout(name);
  const input = net.image([...SHAPES[reads]], "input");
  const model = net.model(input, build(net, input));
  const file = await captureModel(model);
  disposeModel(model);
  randomizeWeights(file, createRandom(5, opaqueNames.indexOf(name)));
  const preprocess = { scale: 1, mean: [0], std: [1] };
  return { ...file, metadata: { preprocess, classes: ["a", "b", "c", "d"] } };
}

const ROWS = { train: [160, 1], test: [40, 2] } as const;

/** What such a network reads of a split: words are whole numbers, and whatever else stands in the order of the label. */
export function drawInputs(name: OpaqueName, split: keyof typeof ROWS): tf.Tensor {
  const [count, seed] = ROWS[split];
  const { reads } = NETWORKS[name];
  const shape = [count, ...SHAPES[reads]];
  const size = shape.slice(1).reduce((product, extent) => product * extent, 1);
  const values = Float32Array.from(randomBytes(count * size, seed), (byte, at) => {
    const label = Math.floor(at / size) % 4;
    return reads === "words"
      ? (byte + label * (at % 3)) % VOCABULARY
      : (byte - 127 + 20 * label) / 74;
  });
  return tf.tensor(values, shape);
}

/** Hands a test an .npz file with what a network reads: words as integers. */
export const withOpaqueData =
  (name: OpaqueName, run: (data: string, folder: string) => Promise<void>) => () =>
    inTempFolder(async (folder) => {
      const entries: Record<string, Uint8Array> = {};
      for (const split of ["train", "test"] as const) {
        const tensor = drawInputs(name, split);
        const values = tensor.dataSync<"float32">();
        const isWords = NETWORKS[name].reads === "words";
        const array = isWords ? Int32Array.from(values) : values;
        entries[`x_${split}.npy`] = encodeNpy(
          isWords ? "<i4" : "<f4",
          `(${tensor.shape.join(", ")})`,
          new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength),
        );
        const labels = Uint8Array.from({ length: ROWS[split][0] }, (_, row) => row % 4);
        entries[`y_${split}.npy`] = encodeNpy("|u1", `(${labels.length},)`, labels);
        tensor.dispose();
      }
      await writeFile(`${folder}/set.npz`, zipSync(entries));
      await run(`${folder}/set.npz`, folder);
    });
