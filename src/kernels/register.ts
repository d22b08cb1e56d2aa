import * as tf from "@tensorflow/tfjs";
import { addConfig } from "./add.ts";
import {
  conv2dBackpropFilterConfig,
  conv2dBackpropInputConfig,
  conv2dConfig,
  fusedConv2dConfig,
} from "./conv2d_kernels.ts";
import { depthwiseConv2dConfig } from "./depthwise_conv2d.ts";
import {
  depthwiseConv2dBackpropFilterConfig,
  depthwiseConv2dBackpropInputConfig,
} from "./depthwise_conv2d_backprop.ts";
import type { Kernels } from "./load.ts";
import { maxPoolGradientConfig } from "./max_pool_gradient.ts";
import { preluConfig } from "./prelu.ts";
import { meanConfig, sumConfig } from "./row_sums.ts";
import { unsortedSegmentSumConfig } from "./segment_sum.ts";
import { castConfig, identityConfig } from "./sharing.ts";

/** Kernels that replace one of the backend's, which they are handed to pass on what they do not cover. */
const REPLACEMENTS: Record<
  string,
  (kernels: Kernels, stock: tf.KernelConfig) => tf.KernelConfig
> = {
  [tf.Conv2D]: conv2dConfig,
  [tf.FusedConv2D]: fusedConv2dConfig,
  [tf.Conv2DBackpropInput]: conv2dBackpropInputConfig,
  [tf.DepthwiseConv2dNative]: depthwiseConv2dConfig,
  [tf.FusedDepthwiseConv2D]: depthwiseConv2dConfig,
  [tf.MaxPoolGrad]: maxPoolGradientConfig,
  [tf.Prelu]: preluConfig,
  [tf.Add]: addConfig,
  [tf.Sum]: sumConfig,
  [tf.Mean]: meanConfig,
  [tf.Identity]: identityConfig,
  [tf.Cast]: castConfig,
};

/** Kernels that the backend lacks. */
const ADDITIONS: readonly ((kernels: Kernels) => tf.KernelConfig)[] = [
  conv2dBackpropFilterConfig,
  depthwiseConv2dBackpropFilterConfig,
  depthwiseConv2dBackpropInputConfig,
  unsortedSegmentSumConfig,
];

/** The backend's own kernels behind the replacements that are registered. */
const stockOf = new WeakMap<tf.KernelConfig, tf.KernelConfig>();

/**
 * Gives tfjs the kernels that its WASM backend lacks, so that convolutional networks train on it, and faster ones in
 * place of some that it has. Calling it again with another build replaces them.
 *
 * @param kernels The kernels, on the memory of the current backend.
 */
export function registerKernels(kernels: Kernels): void {
  for (const [name, makeConfig] of Object.entries(REPLACEMENTS)) {
    const current = tf.getKernel(name, "wasm");
    const stock = stockOf.get(current) ?? current;
    const config = makeConfig(kernels, stock);
    stockOf.set(config, stock);
    register(config);
  }
  for (const makeConfig of ADDITIONS) register(makeConfig(kernels));
}

function register(config: tf.KernelConfig): void {
  if (tf.getKernel(config.kernelName, config.backendName)) {
    tf.unregisterKernel(config.kernelName, config.backendName);
  }
  tf.registerKernel(config);
}
