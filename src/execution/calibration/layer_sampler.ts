import * as tf from "@tensorflow/tfjs";
import { KernelMatrix } from "../forward/kernel_matrix.ts";
import { kernelMatrix, kernelSize, type LayerGraph, type LayerNode } from "../../graph/mod.ts";
import { type Geometry, type Kernels, samplePatches } from "../../kernels/mod.ts";
import { findResidualTargets, type ResidualTarget } from "./residual_target.ts";
import { asImages, geometryOf, ONE_BY_ONE, outputSizeOf, sampledImages } from "./sampled_images.ts";
import { pointsFor, samplePositions } from "./sampling.ts";

/** A layer that is sampled, at all its calls; they stand together, behind all that any of them reads. */
export interface SampledLayer {
  /** Its first call. */
  readonly node: LayerNode;
  readonly calls: readonly SampledCall[];
}

/** A call of a layer that is sampled: where, and what its outputs are compared with. */
export interface SampledCall {
  readonly node: LayerNode;
  /** Number of the call, for the sampling. */
  readonly number: number;
  readonly geometry: Geometry;
  readonly outputSize: readonly [number, number];
  /** Positions of an image that are looked at, if it has as many. */
  readonly points: number;
  readonly residual?: ResidualTarget;
}

/** What is sampled. */
export interface SamplerSubject {
  /** The WebAssembly kernels. */
  readonly kernels: Kernels;
  /** The original network. */
  readonly original: { readonly graph: LayerGraph };
  /** Keys of layers, in graph order. */
  readonly layers: readonly string[];
}

/** Where it is sampled. */
export interface SamplerOptions {
  /** Seed of the run. */
  readonly seed: number;
  /** Images of all shards. */
  readonly images: number;
  /** Positions per image and layer. Default: as many as each layer wants, {@link pointsFor}. */
  readonly pointsPerImage?: number;
}

/** Tensors of a batch by name, of which those around a layer are live. */
type LiveTensors = ReadonlyMap<string, tf.Tensor>;

/** Takes samples of what layers read and give, at positions that depend on seed, layer and image alone. */
export class LayerSampler {
  /** The layers that are sampled. */
  readonly layers: readonly SampledLayer[];
  readonly #kernels: Kernels;
  readonly #seed: number;

  /**
   * @param subject The network, and which of its layers.
   * @param options Where they are sampled.
   */
  constructor(
    { kernels, original: { graph }, layers }: SamplerSubject,
    { seed, images, pointsPerImage }: SamplerOptions,
  ) {
    this.#kernels = kernels;
    this.#seed = seed;
    const residuals = findResidualTargets(graph);
    this.layers = layers.map((name) => {
      const calls = graph.nodes.flatMap((node, number): SampledCall[] =>
        node.name !== name ? [] : [{
          node,
          number,
          geometry: geometryOf(node),
          outputSize: outputSizeOf(node),
          points: pointsPerImage ?? pointsFor(kernelSize(node).inputs, images),
          residual: residuals.get(node.key),
        }]
      );
      return { node: calls[0].node, calls };
    });
  }

  /** Names of the tensors that a layer is sampled from. */
  tensorsOf({ calls }: SampledLayer): string[] {
    return calls.flatMap(({ node, residual }) => [node.inputs[0], ...residual?.shortcuts ?? []]);
  }

  /** X of a layer at its sampled positions: P × inputs. */
  inputsOf(call: SampledCall, tensors: LiveTensors, indices: ArrayLike<number>): tf.Tensor2D {
    const { node, geometry } = call;
    const input = sampledImages(tensors.get(node.inputs[0])!, node);
    return samplePatches(this.#kernels, input, this.#positionsOf(call, indices), geometry);
  }

  /**
   * The sum of the shortcuts at a layer's sampled positions, through the inverse of the BatchNormalization that stands
   * between: P × outputs. Undefined where the layer does not end a residual branch.
   */
  shortcutsOf(
    call: SampledCall,
    tensors: LiveTensors,
    indices: ArrayLike<number>,
  ): tf.Tensor2D | undefined {
    const { residual } = call;
    if (residual === undefined) return undefined;
    const positions = this.#positionsOf(call, indices);
    const sampled = residual.shortcuts.map((name) =>
      samplePatches(this.#kernels, asImages(tensors.get(name)!), positions, ONE_BY_ONE)
    );
    const sum = tf.addN(sampled);
    return residual.inverseScale ? sum.mul(tf.tensor1d(residual.inverseScale)) : sum;
  }

  /** What a layer is compared with: its outputs in the original network, the shortcuts included, P × outputs. */
  targetOf(
    call: SampledCall,
    tensors: LiveTensors,
    indices: ArrayLike<number>,
    outputs: tf.Tensor2D,
  ): tf.Tensor2D {
    const shortcuts = this.shortcutsOf(call, tensors, indices);
    return shortcuts ? outputs.add<tf.Tensor2D>(shortcuts) : outputs;
  }

  #positionsOf(
    { number, outputSize, points }: SampledCall,
    indices: ArrayLike<number>,
  ): Int32Array {
    return samplePositions(number, indices, outputSize, {
      seed: this.#seed,
      pointsPerImage: points,
    });
  }
}

/** Outputs of a layer with its original kernel, of which there is a copy for every batch: all of them are a model's worth. */
export function outputsOf(x: tf.Tensor2D, { node }: SampledCall): tf.Tensor2D {
  const { inputs, outputs } = kernelSize(node);
  const kernel = new KernelMatrix(kernelMatrix(node), [inputs, outputs]);
  const y = kernel.multiply(x);
  kernel.dispose();
  return y;
}
