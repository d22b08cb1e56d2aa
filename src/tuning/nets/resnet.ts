import * as tf from "@tensorflow/tfjs";
import {
  classifier,
  convolution,
  image,
  type NetworkShape,
  normalization,
  relu,
  type Symbolic,
} from "./blocks.ts";

const WIDTHS = [16, 32, 64];

/**
 * The pre-activation ResNet for small images (He et al. 2016, arXiv 1603.05027, section 4 with the widths of 1512.03385,
 * section 4.2): 6n + 2 layers in three stages of 16, 32 and 64 channels, a 1×1 projection in the first block of every
 * stage.
 *
 * @param depth 6n + 2: 8, 14, 20, 32, 44, 56, 110 …
 * @param shape Images and classes.
 * @returns The network.
 * @throws {RangeError} When the depth is not 6n + 2.
 */
export function layOutResNet(depth: number, shape: NetworkShape): tf.LayersModel {
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) {
    throw new RangeError(`laying out a ResNet: found depth ${depth}, wanted 6n + 2, as 20 or 56`);
  }
  const input = image(shape);
  let x = convolution(input, "conv1", WIDTHS[0]);
  for (const [stage, width] of WIDTHS.entries()) {
    for (let block = 0; block < blocks; block++) {
      const name = `stage${stage + 1}_block${block + 1}`;
      x = residualBlock(x, name, width, { isFirst: block === 0, strides: stage > 0 ? 2 : 1 });
    }
  }
  const output = classifier(relu(normalization(x, "final_bn"), "final_relu"), shape);
  return tf.model({ name: `resnet${depth}`, inputs: input, outputs: output });
}

function residualBlock(
  x: Symbolic,
  name: string,
  width: number,
  { isFirst, strides }: { isFirst: boolean; strides: number },
): Symbolic {
  const active = relu(normalization(x, `${name}_bn1`), `${name}_relu1`);
  const step = isFirst ? strides : 1;
  const shortcut = isFirst
    ? convolution(active, `${name}_projection`, width, { kernel: 1, strides: step })
    : x;
  const inner = convolution(active, `${name}_conv1`, width, { strides: step });
  const branch = convolution(
    relu(normalization(inner, `${name}_bn2`), `${name}_relu2`),
    `${name}_conv2`,
    width,
  );
  return tf.layers.add({ name: `${name}_add` }).apply([branch, shortcut]) as Symbolic;
}
