import { InputError } from "../../base/mod.ts";
import type { LayerConfig, LayerJson, Weight } from "../../model/mod.ts";
import type { StatedShape } from "./affine_parts.ts";
import { weightRoles } from "./layer_classes.ts";
import {
  describeLayer,
  FROZEN_1X1,
  MOST_MADE_UP,
  type Part,
  type TranslatedLayer,
} from "./parts.ts";

/** What is known of a grouped convolution. */
interface GroupSource {
  readonly groups: number;
  readonly shape: StatedShape;
  readonly place: string;
}

/**
 * A convolution in groups. With one channel each it is a DepthwiseConv2D; otherwise every group has a frozen 1×1
 * convolution that picks its channels, and a convolution of its own, and their outputs are concatenated.
 *
 * @param layer The convolution, without its activation, as if it had no groups.
 * @param source Groups and the shape of its input.
 * @returns Its layers.
 * @throws {InputError} When it is no Conv2D, or the file does not say how many channels it reads.
 */
export function translateGroups(layer: LayerJson, source: GroupSource): TranslatedLayer {
  const { class_name: className, config } = layer;
  const { groups, shape, place } = source;
  const channels = shape?.at(-1), filters = Number(config.filters);
  const isFitting = className === "Conv2D" && typeof channels === "number" && groups > 0 &&
    Math.max(channels, filters) ** 2 <= MOST_MADE_UP && channels % groups === 0 &&
    filters % groups === 0;
  if (!isFitting) {
    throw new InputError(
      `${place}: found groups ${groups} for ${channels ?? "an unknown number of"} channels, ` +
        `wanted a Conv2D whose input the file states; save the model in Keras 3 as .keras, or write Conv2D layers and Concatenate`,
    );
  }
  const roles = weightRoles(className, config);
  if (channels === groups) return { ...depthwise(layer, filters / groups), roles };
  return { ...separateGroups(layer, groups, channels), roles };
}

/** Without what belongs to its kernel; that of rows × columns × 1 × filters holds the same numbers in the same order. */
function depthwise({ config }: LayerJson, multiplier: number): Omit<TranslatedLayer, "roles"> {
  const name = String(config.name);
  const kept = Object.entries(config).filter(([option]) => !/^(filters|kernel_[^s])/.test(option));
  const options = Object.fromEntries(kept);
  const json = describeLayer("DepthwiseConv2D", name, { ...options, depth_multiplier: multiplier });
  const convert = ([kernel, ...others]: readonly Weight[]) => {
    const [rows, columns, , filters] = kernel.shape;
    const shape = [rows, columns, filters / multiplier, multiplier];
    return [{ ...kernel, name: `${name}/depthwise_kernel`, shape }, ...others];
  };
  return { parts: [{ json }], convert };
}

/** Options of a convolution that picks channels. */
const PICKS: LayerConfig = { ...FROZEN_1X1, use_bias: false };

function separateGroups(
  { config }: LayerJson,
  groups: number,
  channels: number,
): Omit<TranslatedLayer, "roles"> {
  const name = String(config.name), width = channels / groups;
  const filters = Number(config.filters) / groups;
  const pick = (group: number) => `${name}_pick${group + 1}`;
  const part = (group: number) => `${name}_group${group + 1}`;
  const parts: Part[] = Array.from({ length: groups }, (_, group): Part[] => [
    {
      json: describeLayer("Conv2D", pick(group), { ...PICKS, filters: width }),
      reads: [{ input: 0 }],
    },
    { json: describeLayer("Conv2D", part(group), { ...config, filters, name: part(group) }) },
  ]).flat();
  const outputs = Array.from({ length: groups }, (_, group) => ({ part: 2 * group + 1 }));
  parts.push({ json: describeLayer("Concatenate", name, { axis: -1 }), reads: outputs });
  return {
    parts,
    convert: (stored) =>
      Array.from({ length: groups }, (_, group) => [
        pickingKernel(pick(group), channels, width, group * width),
        ...stored.map((weight) => takeColumns(weight, part(group), group * filters, filters)),
      ]).flat(),
  };
}

function pickingKernel(name: string, channels: number, width: number, first: number): Weight {
  const values = new Float32Array(channels * width);
  for (let column = 0; column < width; column++) values[(first + column) * width + column] = 1;
  return { name: `${name}/kernel`, shape: [1, 1, channels, width], dtype: "float32", values };
}

/** Some columns of the last axis. */
function takeColumns(weight: Weight, layer: string, first: number, count: number): Weight {
  const { shape, values } = weight;
  const columns = shape.at(-1)!, rows = values.length / columns;
  const taken = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    taken.set(
      values.subarray(row * columns + first, row * columns + first + count) as Float32Array,
      row * count,
    );
  }
  return {
    name: `${layer}/${weight.name.split("/").at(-1)}`,
    shape: shape.with(-1, count),
    dtype: "float32",
    values: taken,
  };
}
