import * as tf from "@tensorflow/tfjs";
import {
  classifier,
  convolution,
  image,
  type NetworkShape,
  normalization,
  relu,
} from "./blocks.ts";

/** Widths of the stages of configurations A and D. */
const STAGES = {
  11: [[64], [128], [256, 256], [512, 512], [512, 512]],
  16: [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]],
} as const;

/**
 * VGG for small images (Simonyan and Zisserman 2014, configurations A and D, arXiv 1409.1556): BatchNormalization behind
 * every convolution, one Dense layer behind global pooling. A stage is left without its pooling once the maps are 1 × 1.
 *
 * @param depth Layers with weights, as the paper counts them.
 * @param shape Images and classes.
 * @returns The network.
 */
export function layOutVgg(depth: keyof typeof STAGES, shape: NetworkShape): tf.LayersModel {
  const input = image(shape);
  let x = input;
  for (const [stage, widths] of STAGES[depth].entries()) {
    for (const [place, width] of widths.entries()) {
      const name = `conv${stage + 1}_${place + 1}`;
      x = relu(normalization(convolution(x, name, width), `${name}_bn`), `${name}_relu`);
    }
    if (Math.min(x.shape[1]!, x.shape[2]!) < 2) continue;
    x = tf.layers.maxPooling2d({ name: `pool${stage + 1}`, poolSize: 2 })
      .apply(x) as tf.SymbolicTensor;
  }
  return tf.model({ name: `vgg${depth}-cifar`, inputs: input, outputs: classifier(x, shape) });
}
