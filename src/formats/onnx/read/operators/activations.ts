import {
  addActivation,
  addCappedRelu,
  addClip,
  addPRelu,
  addSpreadPRelu,
  addUnary,
  addUniformAffine,
  COMMON_ACTIVATIONS,
  fromFront,
} from "../../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import { axesInLayers, type Feature, type Value } from "../../values.ts";
import { overSeries, SLOPES } from "./series.ts";

function importClip(call: NodeCall): Feature {
  const low = call.optionalConstant(1)?.values[0] ?? call.number("min", -Infinity);
  const high = call.optionalConstant(2)?.values[0] ?? call.number("max", Infinity);
  return addClip(call, call.feature(), low, high);
}

/** max(0, min(1, α·x + β)); the layers' own has α = 0.2 and β = 0.5. */
function addHardSigmoid(
  call: NodeCall,
  alpha: number,
  beta: number,
  options: { mayFold?: boolean; suffix?: string },
): Feature {
  const value = call.feature();
  if (Math.abs(alpha - 0.2) < 1e-7 && beta === 0.5) {
    return addActivation(call, value, "hard_sigmoid", options.suffix);
  }
  const line = addUniformAffine(call, value, alpha, beta, { ...options, suffix: "line" });
  return addCappedRelu(call, line, 1, options.suffix);
}

function importHardSigmoid(call: NodeCall): Feature {
  return addHardSigmoid(call, call.number("alpha", 0.2), call.number("beta", 0.5), {
    mayFold: true,
  });
}

/** x · HardSigmoid(x) with α = 1/6 and β = 1/2. */
function importHardSwish(call: NodeCall): Feature {
  const value = call.feature();
  const gate = addHardSigmoid(call, 1 / 6, 0.5, { suffix: "gate" });
  const layer = call.addLayer("Multiply", [value, gate], {});
  return call.result(layer, value, { nonNegative: false });
}

/** Elu with any α, as α · elu(x) + (1 − α) · max(x, 0). */
function importElu(call: NodeCall): Feature {
  const value = call.feature(), alpha = call.number("alpha", 1);
  if (alpha === 1) return addActivation(call, value, "elu");
  const parts = ([["elu", alpha], ["relu", 1 - alpha]] as const).map(([activation, factor]) => {
    const part = addActivation(call, value, activation, activation);
    return addUniformAffine(call, part, factor, 0, { suffix: `${activation}_share` });
  });
  return call.result(call.addLayer("Add", parts, {}), value, { nonNegative: false });
}

/** x where it is greater than α, 0 elsewhere. */
function importThresholdedRelu(call: NodeCall): Feature {
  const value = call.feature(), theta = call.number("alpha", 1);
  const nonNegative = value.nonNegative || theta >= 0;
  return addUnary(call, value, "ThresholdedReLU", { theta }, { nonNegative });
}

/** PRelu with a slope for every channel, or for every value; before opset 7 a list is one for every channel. */
function importPRelu(call: NodeCall): Feature {
  const value = call.feature(), slope = call.constant(1);
  const rank = value.shape.length;
  const isList = call.context.opset < 7 && slope.shape.length === 1;
  const channels = value.isLast ? rank - 1 : 0;
  const ahead = rank - slope.shape.length;
  const isOfChannels = slope.shape.every((extent, axis) =>
    extent === 1 || axis + ahead === channels
  );
  if (isList || isOfChannels || value.isFlat) {
    if (!isList) call.requirePerChannel(slope, value);
    return addPRelu(call, value, slope);
  }
  const axes = axesInLayers(rank, value.isLast).map((axis) => axis - 1);
  return addSpreadPRelu(call, value, slope, axes);
}

function importLeakyRelu(call: NodeCall): Feature {
  return addUnary(call, call.feature(), "LeakyReLU", { alpha: call.number("alpha", 0.01) });
}

/** Softmax and LogSoftmax over channels; before opset 13 over all axes from `axis` on, which must be of one value. */
function importSoftmax(call: NodeCall, activation: string): Feature {
  const value = call.feature();
  const rank = value.shape.length + 1;
  const isOld = call.context.opset < 13;
  const given = call.number("axis", isOld ? 1 : -1);
  const behind = value.shape.slice(fromFront(given, rank));
  const isAlone = !isOld || behind.every((extent) => extent === 1);
  if (call.layerAxis(value, given) !== rank - 2 || !isAlone) {
    const channels = value.isLast ? rank - 1 : 1;
    throw call.refusal(
      `runs along axis ${given} of ${rank}, wanted the channels, axis ${channels}`,
    );
  }
  return addActivation(call, value, activation);
}

function importSelu(call: NodeCall): Feature {
  const alpha = call.number("alpha", 1.6732632), gamma = call.number("gamma", 1.050701);
  if (Math.abs(alpha - 1.6732632) < 1e-5 && Math.abs(gamma - 1.050701) < 1e-5) {
    return addActivation(call, call.feature(), "selu");
  }
  throw call.refusal(`has alpha ${alpha} and gamma ${gamma}, wanted the usual 1.6733 and 1.0507`);
}

/** Gelu; with tanh it is x · sigmoid(√(8/π) · (x + 0.044715 · x³)), as no layer of a saved model has it. */
function importGelu(call: NodeCall): Feature {
  const value = call.feature();
  if (call.text("approximate", "none") !== "tanh") return addActivation(call, value, "gelu");
  const scale = Math.sqrt(8 / Math.PI);
  const cube = {
    ...value,
    layer: call.addLayer("Multiply", [value, value, value], {}, {}, "cube"),
  };
  const parts = [
    addUniformAffine(call, cube, scale * 0.044715, 0, { suffix: "bend" }),
    addUniformAffine(call, value, scale, 0, { suffix: "line" }),
  ];
  const sum = { ...value, layer: call.addLayer("Add", parts, {}, {}, "sum") };
  const gate = addActivation(call, sum, "sigmoid", "gate");
  const layer = call.addLayer("Multiply", [value, gate], {});
  return call.result(layer, value, { nonNegative: false });
}

/** Dropout, which only training sees. */
function importDropout(call: NodeCall): Value {
  const value = call.inputs[0];
  if (value?.kind !== "feature") return call.constant(0);
  call.requireEvaluation((call.optionalConstant(2)?.values[0] ?? 0) !== 0);
  const rate = call.optionalConstant(1)?.values[0] ?? call.number("ratio", 0.5);
  if (!(rate >= 0 && rate < 1)) throw call.refusal(`drops ${rate}, wanted a share below 1`);
  return addUnary(call, value, "Dropout", { rate });
}

/** Activations and Dropout. */
export const activationOperators: Readonly<Record<string, Operator>> = {
  ...COMMON_ACTIVATIONS,
  Mish: (call) => addActivation(call, call.feature(), "mish"),
  Softmax: (call) => importSoftmax(call, "softmax"),
  LogSoftmax: (call) => importSoftmax(call, "log_softmax"),
  Clip: importClip,
  HardSigmoid: importHardSigmoid,
  HardSwish: importHardSwish,
  Elu: importElu,
  Selu: importSelu,
  Gelu: importGelu,
  LeakyRelu: importLeakyRelu,
  PRelu: overSeries(importPRelu, SLOPES),
  ThresholdedRelu: importThresholdedRelu,
  Dropout: importDropout,
};
