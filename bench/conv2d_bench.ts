/**
 * Convolution, its input gradient and its filter gradient over the shapes of ResNet-20 (CIFAR, batch 128) and VGG-16
 * (CIFAR, batch 128, and 224×224, batch 1), by the direct kernel and by Winograd, against the
 * same build's bare micro-kernel and against stock tfjs.
 *
 *     deno run --allow-read bench/conv2d_bench.ts [relaxed|plain] [part of a shape's name]
 *
 * Flops are 2·N·outHeight·outWidth·kh·kw·c·n for each of the three, taps outside the image included, and for Winograd
 * too, which multiplies 2.25 times less; its cells say how many times faster than direct it was. Ours, stock and
 * the micro-kernel on two panels that stay in the nearest cache run in turns, so that whatever else the machine does
 * hits all alike, and the fastest of nine runs counts. tfjs-wasm has no filter gradient. Stock's input gradient is timed where it takes less than a few
 * seconds. The error is the largest element-wise difference from a convolution of the cpu backend, or for gradients of
 * an f64 twin, on two images, over the largest element.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { canUseWinograd, type ConvolutionMethod, fasterMethod } from "../src/kernels/winograd.ts";
import { convolutionFilterGradient } from "../src/kernels/conv2d_backprop_filter.ts";
import { convolutionInputGradient } from "../src/kernels/conv2d_backprop_input.ts";
import type { ConvolutionShape } from "../src/kernels/conv2d_plan.ts";
import { convolve } from "../src/kernels/conv2d.ts";
import { type KernelBuild, type Kernels, loadKernels } from "../src/kernels/load.ts";
import { startBackend } from "../src/kernels/backend.ts";
import {
  naiveConvolution,
  naiveFilterGradient,
  naiveInputGradient,
} from "../test/reference/conv2d.ts";
import { randomArray, relativeDifference } from "../test/reference/samples.ts";
import { withMicroKernel } from "./machine.ts";
import { formatTable, measureInTurns, type Spread } from "./timing.ts";

const RUNS = 9;

/** One convolution with SAME padding. */
interface Layer {
  name: string;
  images: number;
  size: number;
  channels: number;
  outputs: number;
  kernel: number;
  stride: number;
}

function layer(
  network: string,
  images: number,
  [size, channels, outputs]: [number, number, number],
  kernel = 3,
  stride = 1,
): Layer {
  const steps = stride > 1 ? ` /${stride}` : "";
  const name = `${network} ${size}×${size} ${channels}→${outputs} ${kernel}×${kernel}${steps}`;
  return { name, images, size, channels, outputs, kernel, stride };
}

const LAYERS = [
  layer("ResNet-20", 128, [32, 3, 16]),
  layer("ResNet-20", 128, [32, 16, 16]),
  layer("ResNet-20", 128, [32, 16, 32], 3, 2),
  layer("ResNet-20", 128, [32, 16, 32], 1, 2),
  layer("ResNet-20", 128, [16, 32, 32]),
  layer("ResNet-20", 128, [16, 32, 64], 3, 2),
  layer("ResNet-20", 128, [16, 32, 64], 1, 2),
  layer("ResNet-20", 128, [8, 64, 64]),
  layer("VGG-16 CIFAR", 128, [32, 3, 64]),
  layer("VGG-16 CIFAR", 128, [32, 64, 64]),
  layer("VGG-16 CIFAR", 128, [16, 64, 128]),
  layer("VGG-16 CIFAR", 128, [16, 128, 128]),
  layer("VGG-16 CIFAR", 128, [8, 128, 256]),
  layer("VGG-16 CIFAR", 128, [8, 256, 256]),
  layer("VGG-16 CIFAR", 128, [4, 256, 512]),
  layer("VGG-16 CIFAR", 128, [4, 512, 512]),
  layer("VGG-16 CIFAR", 128, [2, 512, 512]),
  layer("VGG-16", 1, [224, 3, 64]),
  layer("VGG-16", 1, [224, 64, 64]),
  layer("VGG-16", 1, [112, 64, 128]),
  layer("VGG-16", 1, [112, 128, 128]),
  layer("VGG-16", 1, [56, 128, 256]),
  layer("VGG-16", 1, [56, 256, 256]),
  layer("VGG-16", 1, [28, 256, 512]),
  layer("VGG-16", 1, [28, 512, 512]),
  layer("VGG-16", 1, [14, 512, 512]),
];

type Quad = [number, number, number, number];

function describe({ size, channels, outputs, kernel, stride }: Layer, images: number) {
  const input: Quad = [images, size, size, channels];
  const filter: Quad = [kernel, kernel, channels, outputs];
  return tf.backend_util.computeConv2DInfo(input, filter, stride, 1, "same");
}

function tensors(shape: tf.backend_util.Conv2DInfo): Record<"x" | "filter" | "dy", tf.Tensor4D> {
  const random = (dimensions: number[], seed: number) =>
    tf.tensor4d(randomArray(tf.util.sizeFromShape(dimensions), seed), dimensions as Quad);
  return {
    x: random(shape.inShape, 1),
    filter: random(shape.filterShape, 2),
    dy: random(shape.outShape, 3),
  };
}

const stockForward = tf.getKernel("Conv2D", "wasm");
const stockInputGradient = tf.getKernel("Conv2DBackpropInput", "wasm");

function runStock(config: tf.KernelConfig, inputs: Record<string, tf.TensorInfo>, attrs: object) {
  const output = config.kernelFunc({ inputs, attrs: attrs as never, backend: tf.backend() });
  (tf.backend() as unknown as { disposeData(id: object): void })
    .disposeData((output as tf.TensorInfo).dataId);
}

/** Errors forward and of the input gradient by each method, and of the filter gradient. */
function errorsOf(kernels: Kernels, layer: Layer): number[] {
  const images = Math.min(layer.images, 2);
  const shape = describe(layer, images);
  const flops = layer.kernel ** 2 * layer.channels * tf.util.sizeFromShape(shape.outShape);
  if (flops > 4e8) return [];
  return tf.tidy(() => {
    const { x, filter, dy } = tensors(shape);
    const [xs, ws, ds] = [x, filter, dy].map((tensor) => tensor.dataSync());
    const output = naiveConvolution(xs, ws, shape), gradient = naiveInputGradient(ds, ws, shape);
    const compare = (actual: tf.Tensor, expected: ArrayLike<number>) =>
      relativeDifference(actual.dataSync(), expected);
    return [
      ...methodsFor(shape).flatMap((method) => [
        compare(convolve(kernels, { x, filter }, shape, { method }), output),
        compare(convolutionInputGradient(kernels, { dy, filter, method }, shape), gradient),
      ]),
      compare(
        convolutionFilterGradient(kernels, x, dy, shape),
        naiveFilterGradient(xs, ds, shape),
      ),
    ];
  });
}

/** Methods that cover a convolution. */
function methodsFor(shape: ConvolutionShape): ConvolutionMethod[] {
  return canUseWinograd(shape) ? ["direct", "winograd2x2", "winograd4x4"] : ["direct"];
}

function measure(kernels: Kernels, layer: Layer): Record<string, string> {
  const shape = describe(layer, layer.images);
  const flops = 2 * layer.kernel ** 2 * layer.channels * tf.util.sizeFromShape(shape.outShape);
  const { x, filter, dy } = tensors(shape);
  const attrs = { strides: layer.stride, pad: "same", dataFormat: "NHWC", dilations: 1 };
  const gradientAttrs = { ...attrs, inputShape: shape.inShape };
  const methods = methodsFor(shape);
  const steps = [
    () => convolutionFilterGradient(kernels, x, dy, shape).dispose(),
    () => runStock(stockForward, { x, filter }, attrs),
    ...methods.flatMap((method) => [
      () => convolve(kernels, { x, filter }, shape, { method }).dispose(),
      () => convolutionInputGradient(kernels, { dy, filter, method }, shape).dispose(),
    ]),
  ];
  const stockGradient = () => runStock(stockInputGradient, { dy, filter }, gradientAttrs);
  const rate = (spread: Spread) => flops / spread.min / 1e9;
  const [peakRate, rates, slow] = withMicroKernel(kernels, flops, (runPeak, peakFlops) => {
    const [peak, ...rest] = measureInTurns(RUNS, [runPeak, ...steps]);
    const [slowest] = measureInTurns(3, [stockGradient]);
    return [peakFlops / peak.min / 1e9, rest.map(rate), rate(slowest)] as const;
  });
  tf.dispose([x, filter, dy]);
  const [filterGradient, stock, forward, input, ...byTiles] = rates;
  const [forward2, input2, forward4, input4] = byTiles;
  const share = (value: number) => `${value.toFixed(1)} (${(100 * value / peakRate).toFixed(0)} %)`;
  const gain = (value: number | undefined, direct: number) =>
    value === undefined ? "" : `${value.toFixed(1)} (${(value / direct).toFixed(2)} ×)`;
  return {
    build: kernels.build,
    shape: layer.name,
    "GFLOP": (flops / 1e9).toFixed(2),
    "peak": peakRate.toFixed(1),
    "forward": share(forward),
    "2×2 tiles": gain(forward2, forward),
    "4×4 tiles": gain(forward4, forward),
    "stock": stock.toFixed(1),
    "input gradient": share(input),
    "its 2×2 tiles": gain(input2, input),
    "its 4×4 tiles": gain(input4, input),
    "stock input gradient": slow.toFixed(1),
    "filter gradient": share(filterGradient),
    "chosen": fasterMethod(shape),
    "max errors": errorsOf(kernels, layer).map((error) => error.toExponential(0)).join(", "),
  };
}

await startBackend();
const [onlyBuild, part = ""] = Deno.args;
const builds = (["relaxed", "plain"] satisfies KernelBuild[]).filter((build) =>
  onlyBuild === undefined || build === onlyBuild
);
const rows: Record<string, string>[] = [];
for (const build of builds) {
  const kernels = await loadKernels({ build });
  for (const layer of LAYERS.filter(({ name }) => name.includes(part))) {
    rows.push(measure(kernels, layer));
    console.error(Object.values(rows.at(-1)!).join(" | "));
  }
}
console.log(formatTable(rows));
