import * as tf from "@tensorflow/tfjs";
import {
  classifier,
  convolution,
  depthwise,
  image,
  type NetworkShape,
  normalization,
  relu,
  type Symbolic,
} from "./blocks.ts";

/** Width and stride of every depthwise separable block of MobileNet v1. */
const V1_BLOCKS: readonly (readonly [width: number, strides: number])[] = [
  [64, 1],
  [128, 1],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/** Expansion, width, repetitions and first stride of the stages of MobileNet v2. */
const V2_STAGES: readonly (readonly [
  expansion: number,
  width: number,
  count: number,
  strides: number,
])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 1],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/**
 * MobileNet v1 (Howard et al. 2017, arXiv 1704.04861, table 1) for small images: the first convolution and the first
 * strided block keep their resolution, so that 32 × 32 images end at 4 × 4.
 *
 * @param shape Images and classes.
 * @returns The network.
 */
export function layOutMobileNetV1(shape: NetworkShape): tf.LayersModel {
  const input = image(shape);
  let x = activated(convolution(input, "conv1", 32), "conv1", "relu");
  for (const [index, [width, strides]] of V1_BLOCKS.entries()) {
    const name = `block${index + 1}`;
    x = activated(depthwise(x, `${name}_depthwise`, strides), `${name}_depthwise`, "relu");
    x = activated(
      convolution(x, `${name}_pointwise`, width, { kernel: 1 }),
      `${name}_pointwise`,
      "relu",
    );
  }
  return tf.model({ name: "mobilenet-v1", inputs: input, outputs: classifier(x, shape) });
}

/**
 * MobileNet v2 (Sandler et al. 2018, arXiv 1801.04381, table 2) for small images: the first convolution and the first
 * strided stage keep their resolution.
 *
 * @param shape Images and classes.
 * @returns The network.
 */
export function layOutMobileNetV2(shape: NetworkShape): tf.LayersModel {
  const input = image(shape);
  let x = activated(convolution(input, "conv1", 32), "conv1", "relu6");
  for (const [stage, [expansion, width, count, strides]] of V2_STAGES.entries()) {
    for (let block = 0; block < count; block++) {
      const name = `stage${stage + 1}_block${block + 1}`;
      x = invertedResidual(x, name, { expansion, width, strides: block === 0 ? strides : 1 });
    }
  }
  x = activated(convolution(x, "last", 1280, { kernel: 1 }), "last", "relu6");
  return tf.model({ name: "mobilenet-v2", inputs: input, outputs: classifier(x, shape) });
}

function activated(x: Symbolic, name: string, activation: "relu" | "relu6"): Symbolic {
  return relu(normalization(x, `${name}_bn`), `${name}_relu`, activation);
}

function invertedResidual(
  x: Symbolic,
  name: string,
  { expansion, width, strides }: { expansion: number; width: number; strides: number },
): Symbolic {
  const channels = x.shape.at(-1)!;
  let inner = x;
  if (expansion > 1) {
    const expanded = convolution(x, `${name}_expand`, expansion * channels, { kernel: 1 });
    inner = activated(expanded, `${name}_expand`, "relu6");
  }
  inner = activated(depthwise(inner, `${name}_depthwise`, strides), `${name}_depthwise`, "relu6");
  const projected = normalization(
    convolution(inner, `${name}_project`, width, { kernel: 1 }),
    `${name}_project_bn`,
  );
  if (strides > 1 || channels !== width) return projected;
  return tf.layers.add({ name: `${name}_add` }).apply([projected, x]) as Symbolic;
}
