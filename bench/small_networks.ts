import * as tf from "@tensorflow/tfjs";
import { saveModel } from "../src/formats/mod.ts";
import { captureModel, disposeModel } from "../src/model/mod.ts";
import { LayOut, type Symbolic } from "./real_networks/blocks.ts";

/** Images that a network is made for. */
export interface ImagesOf {
  /** Rows and columns. */
  readonly size: number;
  /** Channels. */
  readonly channels: number;
  /** Classes. */
  readonly classes: number;
}

/** Networks of small images that `train` does not make, by name. */
const LAYOUTS: Readonly<
  Record<string, (net: LayOut, image: Symbolic, classes: number) => Symbolic>
> = {
  "vgg-dense": layOutVggDense,
  "inception-se": layOutInceptionSe,
};

/** Channels of the convolutions of each stage of the VGG, and units of its hidden Dense layers. */
const VGG_STAGES = [32, 64, 128], DENSE_UNITS = [256, 128];

/** Channels of each branch, by stage. */
const INCEPTION_STAGES = [8, 16, 32];

/** Channels that gates look at, as a share of those that they open. */
const GATE_SHARE = 1 / 4;

/** The networks' names. */
export const smallNetworkNames: readonly string[] = Object.keys(LAYOUTS);

/**
 * Builds a small network with random weights, and writes it.
 *
 * @param name One of {@link smallNetworkNames}.
 * @param folder Where it goes.
 * @param images What it reads.
 */
export async function buildSmallNetwork(
  name: string,
  folder: string,
  { size, channels, classes }: ImagesOf,
): Promise<void> {
  const image = tf.input({ name: "image", shape: [size, size, channels] });
  const outputs = LAYOUTS[name](new LayOut(), image, classes);
  const model = tf.model({ inputs: image, outputs });
  const file = await captureModel(model, { path: name });
  disposeModel(model);
  const preprocess = { scale: 1, mean: [127.5], std: [63.75], inputSize: [size, size] };
  await saveModel(folder, { ...file, metadata: { preprocess } }, { force: true });
}

/** VGG (Simonyan and Zisserman 2014, arXiv 1409.1556) with BatchNormalization and Dense layers behind Flatten. */
function layOutVggDense(net: LayOut, image: Symbolic, classes: number): Symbolic {
  let x = image;
  for (const width of VGG_STAGES) {
    for (let index = 0; index < 2; index++) x = net.block(x, width, { activation: "relu" });
    x = net.maxPool(x, 2, 2);
  }
  const flat = tf.layers.flatten({ name: "flatten" }).apply(x) as Symbolic;
  const hidden = DENSE_UNITS.reduce((y, units) => net.dense(y, units, "relu"), flat);
  return net.dense(hidden, classes, "softmax");
}

/**
 * Stages of three branches side by side (Szegedy et al. 2014, arXiv 1409.4842) with gates behind them (Hu et al. 2017,
 * arXiv 1709.01507).
 */
function layOutInceptionSe(net: LayOut, image: Symbolic, classes: number): Symbolic {
  let x = net.block(image, 16, { activation: "relu" });
  for (const [stage, width] of INCEPTION_STAGES.entries()) {
    if (stage > 0) x = net.maxPool(x, 3, 2);
    for (let block = 0; block < 2; block++) x = gate(net, branch(net, x, width), 3 * width);
  }
  const pooled = tf.layers.globalAveragePooling2d({ name: "average" }).apply(x) as Symbolic;
  return net.dense(pooled, classes, "softmax");
}

/** A 1×1 convolution, a 3×3 one, and two 3×3 ones one behind the other. */
function branch(net: LayOut, x: Symbolic, width: number): Symbolic {
  const block = (input: Symbolic, kernel: number) =>
    net.block(input, width, { kernel, activation: "relu" });
  return net.concatenate([
    block(x, 1),
    block(block(x, 1), 3),
    block(block(block(x, 1), 3), 3),
  ]);
}

/** Every channel times a number that follows from the means of all. */
function gate(net: LayOut, x: Symbolic, width: number): Symbolic {
  const own = x.name.replaceAll("/", "_");
  const means = tf.layers.globalAveragePooling2d({ name: `${own}_means` }).apply(x) as Symbolic;
  const few = net.dense(means, Math.ceil(GATE_SHARE * width), "relu");
  const scores = tf.layers.dense({ name: `${own}_gates`, units: width, activation: "sigmoid" })
    .apply(few) as Symbolic;
  const gates = tf.layers.reshape({ name: `${own}_plane`, targetShape: [1, 1, width] })
    .apply(scores) as Symbolic;
  return tf.layers.multiply({ name: `${own}_gated` }).apply([x, gates]) as Symbolic;
}
