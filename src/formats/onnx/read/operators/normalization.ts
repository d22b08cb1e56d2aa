import { addAffine, type Constant, transposeConstant } from "../../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import { axesInLayers, expandPieces, type Feature } from "../../values.ts";
import { reshape } from "./reshape.ts";
import { overSeries, SCALES } from "./series.ts";

/**
 * LayerNormalization, over all axes from one on, with a factor and a shift for each of their positions. Over channels alone
 * that is the layers' own.
 */
function importLayerNormalization(call: NodeCall): Feature {
  const value = call.feature();
  const rank = value.shape.length;
  const given = call.number("axis", -1);
  const first = given < 0 ? given + rank + 1 : given;
  if (!(first >= 1 && first <= rank)) {
    throw call.refusal(`normalizes from axis ${given} on, wanted one behind the batch`);
  }
  const order = axesInLayers(rank, value.isLast).filter((axis) => axis >= first);
  const extents = value.shape.slice(first - 1) as number[];
  const arrange = (constant: Constant) =>
    arrangeWeights(call, value, constant, extents, {
      axes: order.map((axis) => axis - first),
    });
  const gamma = arrange(call.constant(1));
  const beta = call.optionalConstant(2) && arrange(call.constant(2));
  const weights = { gamma, ...(beta && { beta }) };
  return addNormalization(call, value, order, { weights });
}

/** The weights of a normalization in the order of the layers. */
function arrangeWeights(
  call: NodeCall,
  value: Feature,
  constant: Constant,
  extents: readonly (number | null)[],
  { axes }: { axes: readonly number[] },
) {
  const shape = [...constant.shape];
  while (shape.length > extents.length && shape[0] === 1) shape.shift();
  if (shape.join() !== extents.join()) {
    throw call.refusal(
      `has weights of shape [${constant.shape.join(", ")}], wanted [${
        extents.map((extent) => extent ?? "open").join(", ")
      }]`,
    );
  }
  const turned = transposeConstant({ ...constant, shape }, axes);
  const values = value.pieces
    ? Float32Array.from(expandPieces(value.pieces), (position) => turned.values[position])
    : Float32Array.from(turned.values);
  return { shape: turned.shape, values };
}

type NormalizationWeights = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly values: Float32Array<ArrayBuffer> }>
>;

/**
 * (x − mean) / √(variance + ε) over some axes.
 *
 * @param call The node.
 * @param value x.
 * @param axes The axes in ONNX, in the order of the layers.
 * @param options `weights`: gamma and beta, if any; `epsilon`: ε, that of the node where it is left out; `suffix`: goes behind the node's name.
 */
function addNormalization(
  call: NodeCall,
  value: Feature,
  axes: readonly number[],
  options: { weights?: NormalizationWeights; epsilon?: number; suffix?: string } = {},
): Feature {
  const { weights = {}, epsilon = call.number("epsilon", 1e-5), suffix } = options;
  const source = call.unflatten(value);
  const places = axesInLayers(value.shape.length, value.isLast);
  const axis = axes.map((given) => places.indexOf(given) + 1);
  const config = {
    axis: axis.length === 1 && axis[0] === places.length ? -1 : axis,
    epsilon,
    center: weights.beta !== undefined,
    scale: weights.gamma !== undefined,
  };
  const layer = call.addLayer("LayerNormalization", [source], config, weights, suffix);
  return call.result(layer, source, { nonNegative: false });
}

/** InstanceNormalization: over the positions of every channel, with a factor and a shift for the channel. */
function importInstanceNormalization(call: NodeCall): Feature {
  const value = call.feature();
  if (value.shape.length < 2 || value.isLast && value.shape.length !== 2) {
    throw call.refusal(
      `normalizes [N, ${value.shape.join(", ")}], wanted channels first, and positions behind them`,
    );
  }
  const order = axesInLayers(value.shape.length, value.isLast).filter((axis) => axis > 1);
  const plain = addNormalization(call, value, order, { suffix: "plain" });
  const [factors, shifts] = [1, 2].map((index) => call.constant(index));
  if (value.isLast) {
    const isNothing = factors.values.every((factor) => factor === 1) &&
      shifts.values.every((shift) => shift === 0);
    if (isNothing) return plain;
    throw call.refusal(`scales rows of [N, ${value.shape.join(", ")}], wanted factors of 1`);
  }
  return scaleChannels(call, plain, factors, shifts);
}

function scaleChannels(
  call: NodeCall,
  value: Feature,
  factors: Constant,
  shifts: Constant,
): Feature {
  return addAffine(call, value, call.perChannel(factors, value), call.perChannel(shifts, value));
}

/** GroupNormalization: over the positions of a group of channels; before opset 21 with a factor for every group. */
function importGroupNormalization(call: NodeCall): Feature {
  const value = call.maps();
  const groups = call.number("num_groups", 0);
  const [channels, height, width] = value.shape;
  const size = channels / groups * (height ?? NaN) * (width ?? NaN);
  if (!Number.isSafeInteger(size) || channels % groups !== 0) {
    throw call.refusal(
      `has ${groups} groups for [N, ${value.shape.join(", ")}], wanted whole ones of a fixed size`,
    );
  }
  const rows = reshape(call, value, [groups, size]);
  const plain = addNormalization(call, rows, [2], { suffix: "plain" });
  const maps = reshape(call, plain, value.shape as readonly number[], true);
  const [factors, shifts] = [1, 2].map((index) => {
    const constant = call.constant(index);
    if (constant.values.length !== groups) return constant;
    const each = channels / groups;
    const values = Float32Array.from(
      { length: channels },
      (_, c) => constant.values[Math.floor(c / each)],
    );
    return { ...constant, shape: [channels], values };
  });
  return scaleChannels(call, maps, factors, shifts);
}

/** MeanVarianceNormalization over listed axes. It adds 10⁻⁹ to the root; parts that were joined say what else. */
function importMeanVariance(call: NodeCall): Feature {
  const value = call.feature();
  const rank = value.shape.length;
  const given = call.list("axes") ?? [0, 2, 3];
  const wanted = given.map((axis) => axis < 0 ? axis + rank + 1 : axis);
  const order = axesInLayers(rank, value.isLast).filter((axis) => wanted.includes(axis));
  if (order.length !== given.length || order.length === 0) {
    throw call.refusal(`normalizes axes [${given.join(", ")}], wanted axes behind the batch`);
  }
  return addNormalization(call, value, order, { epsilon: call.number("epsilon", 1e-18) });
}

/** Normalizations of single images. */
export const normalizationOperators: Readonly<Record<string, Operator>> = {
  GroupNormalization: overSeries(importGroupNormalization, SCALES),
  InstanceNormalization: overSeries(importInstanceNormalization, SCALES),
  LayerNormalization: importLayerNormalization,
  MeanVarianceNormalization: importMeanVariance,
};
