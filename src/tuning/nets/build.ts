import type * as tf from "@tensorflow/tfjs";
import { createRandom, drawNormal, option, type Random, UsageError } from "../../base/mod.ts";
import { captureModel, disposeModel, type ModelFile, type Weight } from "../../model/mod.ts";
import type { NetworkShape } from "./blocks.ts";
import { layOutMobileNetV1, layOutMobileNetV2 } from "./mobilenet.ts";
import { layOutResNet } from "./resnet.ts";
import { layOutVgg } from "./vgg.ts";

const LAYOUTS: ReadonlyMap<string, (shape: NetworkShape) => tf.LayersModel> = new Map([
  ["resnet20", (shape) => layOutResNet(20, shape)],
  ["resnet32", (shape) => layOutResNet(32, shape)],
  ["resnet56", (shape) => layOutResNet(56, shape)],
  ["vgg11-cifar", (shape) => layOutVgg(11, shape)],
  ["vgg16-cifar", (shape) => layOutVgg(16, shape)],
  ["mobilenet-v1", layOutMobileNetV1],
  ["mobilenet-v2", layOutMobileNetV2],
]);

/** Names of the networks that `train` can make; `resnetN` with N = 6n + 2 works too. */
export const networkNames: readonly string[] = [...LAYOUTS.keys()];

/**
 * Builds an untrained network.
 *
 * Kernels are drawn from N(0, 2 / fan-in) (He et al. 2015, arXiv 1502.01852, eq. 10), those of Dense layers from
 * N(0, 1 / fan-in); γ and variances are 1, biases, β and means 0.
 *
 * @param name One of {@link networkNames}, or `resnetN`.
 * @param shape Images and classes.
 * @param seed Seed of the weights.
 * @returns The model.
 * @throws {UsageError} When there is no such network.
 */
export async function buildNetwork(
  name: string,
  shape: NetworkShape,
  seed: number,
): Promise<ModelFile> {
  const layOut = LAYOUTS.get(name) ?? resNetLayout(name);
  if (layOut === undefined) {
    throw new UsageError([
      "reading ",
      option("net"),
      `: found ${name}, wanted one of ${networkNames.join(", ")}, or resnetN; give one of them`,
    ]);
  }
  const model = layOut(shape);
  const file = await captureModel(model, { path: name });
  disposeModel(model);
  [...file.weights.values()].forEach((weight, index) => {
    weight.values = initialValues(weight, createRandom(seed, index));
  });
  return file;
}

function resNetLayout(name: string): ((shape: NetworkShape) => tf.LayersModel) | undefined {
  const depth = Number(name.match(/^resnet(\d+)$/)?.[1]);
  return Number.isInteger((depth - 2) / 6) && depth >= 8
    ? (shape) => layOutResNet(depth, shape)
    : undefined;
}

function initialValues({ name, shape, values }: Weight, random: Random): Float32Array {
  if (!name.endsWith("kernel")) {
    const value = name.endsWith("gamma") || name.endsWith("moving_variance") ? 1 : 0;
    return new Float32Array(values.length).fill(value);
  }
  const isDepthwise = name.endsWith("depthwise_kernel");
  const fanIn = shape.slice(0, isDepthwise ? 2 : -1).reduce((product, size) => product * size, 1);
  const deviation = Math.sqrt((shape.length > 2 ? 2 : 1) / fanIn);
  return Float32Array.from(values, () => deviation * drawNormal(random));
}
