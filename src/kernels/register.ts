import * as tf from "@tensorflow/tfjs";
import {
  depthwiseConv2dBackpropFilterConfig,
  depthwiseConv2dBackpropInputConfig,
} from "./depthwise_conv2d_backprop.ts";
import type { Kernels } from "./load.ts";
import { unsortedSegmentSumConfig } from "./segment_sum.ts";

const CONFIGS: readonly ((kernels: Kernels) => tf.KernelConfig)[] = [
  depthwiseConv2dBackpropFilterConfig,
  depthwiseConv2dBackpropInputConfig,
  unsortedSegmentSumConfig,
];

/**
 * Gives tfjs the kernels that its WASM backend lacks, so that convolutional networks train on it, and faster ones in
 * place of some that it has. Calling it again with another build replaces them.
 *
 * @param kernels The kernels, on the memory of the current backend.
 */
export function registerKernels(kernels: Kernels): void {
  for (const makeConfig of CONFIGS) {
    const config = makeConfig(kernels);
    if (tf.getKernel(config.kernelName, config.backendName)) {
      tf.unregisterKernel(config.kernelName, config.backendName);
    }
    tf.registerKernel(config);
  }
}
