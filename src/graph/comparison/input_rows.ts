import * as tf from "@tensorflow/tfjs";
import { createRandom, drawNormal } from "../../base/mod.ts";
import {
  applyPreprocessing,
  isPictureShape,
  type ModelFile,
  type PixelTransform,
  readPreprocessing,
} from "../../model/mod.ts";
import { activationBytes, OPEN_EXTENT } from "../activation_bytes.ts";
import { type LayerGraph, type LayerNode, nodeKeyOf } from "../layer_graph.ts";

/** Rows that networks are compared on. */
export interface InputRows {
  /** How many. */
  readonly count: number;
  /** How many go through a network together. */
  readonly batchSize: number;
  /**
   * Reads some of them.
   *
   * @param from The first.
   * @param to Behind the last.
   * @returns A tensor for every input, which the caller disposes.
   */
  read(from: number, to: number): Promise<tf.Tensor[]>;
}

/** Rows where there is room for them, and fewer of large images. */
const MOST_ROWS = 32, LEAST_ROWS = 4;
/** Bytes of activations of all rows, and of those that go through a network together. */
const ALL_BYTES = 2 ** 30, BATCH_BYTES = 2 ** 27;

/**
 * How many rows two networks are compared on, by what an image takes.
 *
 * @param graph The larger network.
 * @returns How many, and how many go through a network together.
 */
export function rowsFor(graph: LayerGraph): Pick<InputRows, "count" | "batchSize"> {
  const { forward } = activationBytes(graph);
  const within = (bytes: number) => Math.floor(bytes / forward);
  const count = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, within(ALL_BYTES)));
  return { count, batchSize: Math.max(1, Math.min(count, within(BATCH_BYTES))) };
}

/**
 * Rows of random values that the inputs of a network can take: bytes as its metadata prepares them, words of an Embedding's
 * vocabulary, otherwise normal numbers.
 *
 * @param graph The network.
 * @param file The same as a file.
 * @returns The rows; every reading gives the same.
 */
export function drawRows(graph: LayerGraph, file: ModelFile): InputRows {
  const { count, batchSize } = rowsFor(graph);
  const inputs = graph.inputs.map((tensor, index) => {
    const node = graph.nodes.find(({ key }) => key === nodeKeyOf(tensor))!;
    const shape = node.outputShape.map((extent) => extent ?? OPEN_EXTENT);
    const size = shape.reduce((product, extent) => product * extent, 1);
    const draw = drawerOf(graph, file, node, index);
    const values = new Float32Array(count * size);
    for (let row = 0; row < count; row++) {
      draw(values.subarray(row * size, (row + 1) * size), createRandom(1, index, row));
    }
    return { shape, size, values };
  });
  return {
    count,
    batchSize,
    read: (from, to) =>
      Promise.resolve(
        inputs.map(({ shape, size, values }) =>
          tf.tensor(values.slice(from * size, to * size), [to - from, ...shape])
        ),
      ),
  };
}

type Drawer = (row: Float32Array, random: () => number) => void;

function drawerOf(
  graph: LayerGraph,
  file: ModelFile,
  input: LayerNode,
  index: number,
): Drawer {
  const reader = graph.nodes.find(({ inputs, className }) =>
    className === "Embedding" && inputs.some((tensor) => nodeKeyOf(tensor) === input.key)
  );
  if (reader) {
    const words = Number(reader.config.input_dim);
    return (row, random) => void row.forEach((_, at) => row[at] = Math.floor(random() * words));
  }
  const transform = transformOf(file, input, index);
  if (transform === undefined) {
    return (row, random) => void row.forEach((_, at) => row[at] = drawNormal(random));
  }
  return (row, random) => {
    const bytes = Uint8Array.from(row, () => Math.floor(random() * 256));
    applyPreprocessing(bytes, row, 0, transform);
  };
}

/** How bytes become what an input reads, where the model says so. */
function transformOf(
  file: ModelFile,
  { outputShape }: LayerNode,
  index: number,
): PixelTransform | undefined {
  const isPicture = !outputShape.includes(null) && isPictureShape(outputShape as number[]);
  if (!isPicture || file.metadata?.preprocess === undefined) return undefined;
  return readPreprocessing(file).inputs[index].transform;
}
