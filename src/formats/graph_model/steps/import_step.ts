import { ownValue } from "../../../base/mod.ts";
import { OPERATION_CLASS, type OperationConfig, type OperationReach } from "../../../model/mod.ts";
import { describeConstant, NodeRefusal } from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";
import { stepRules, typeOfInput } from "./step_rules.ts";
import type { StepOutput } from "./step_shape.ts";

/**
 * Keeps a node as a step of its own, run by TensorFlow.js as it is: a layer for every output.
 *
 * @param call The node.
 * @param refusal Why it cannot become other layers; absent where nothing has tried.
 * @returns What it makes; undefined where the operation is none that can be a step and nothing has refused it before.
 * @throws {NodeRefusal} When what it makes is not known beforehand, has the batch elsewhere than in front, or has no axis but
 * the batch; `refusal` itself, where it is given.
 */
export function importStep(call: NodeCall, refusal: NodeRefusal): readonly Feature[];
export function importStep(call: NodeCall): readonly Feature[] | undefined;
export function importStep(call: NodeCall, refusal?: NodeRefusal): readonly Feature[] | undefined {
  const rule = ownValue(stepRules, call.operator);
  const tensors = call.inputs.filter((input) => input?.kind === "feature");
  const isStep = rule !== undefined && tensors.length > 0 &&
    tensors.every(({ isSingle }) => !isSingle);
  try {
    if (isStep) return addStep(call, tensors, [rule(call)].flat());
  } catch (error) {
    throw error instanceof NodeRefusal ? refusal ?? error : error;
  }
  if (refusal) throw refusal;
  return undefined;
}

function addStep(
  call: NodeCall,
  tensors: readonly Feature[],
  outputs: readonly StepOutput[],
): Feature[] {
  const read = new Map(tensors.map((tensor) => [tensor.layer, tensor]));
  const layers = [...read.keys()];
  const operands = call.inputs.map((input) => {
    if (input === undefined) throw call.refusal("lacks an input, wanted all of them");
    return input.kind === "feature" ? layers.indexOf(input.layer) : describeConstant(call, input);
  });
  const attributes = Object.fromEntries(
    Object.entries(call.node.attributes).filter(([name]) => !name.startsWith("_")),
  );
  return outputs.map(({ shape, reach, type = typeOfInput(tensors[0]) }, output) => {
    requireKnown(call, shape, reach);
    const { operator } = call;
    const config: OperationConfig = {
      ...{ operator, attributes, operands, output, reach, shape: [...shape], type },
      trainable: false,
    };
    const suffix = outputs.length > 1 ? `output${output + 1}` : undefined;
    const layer = call.addLayer(OPERATION_CLASS, [...read.values()], config, {}, suffix);
    const isInteger = type !== "float32";
    return {
      ...call.result(layer, tensors[0], { shape, nonNegative: false }),
      isInteger,
      type: isInteger ? type : undefined,
    };
  });
}

/** Refuses what has no axis but the batch, or sizes that are not known; single values may be at places of open size. */
function requireKnown(call: NodeCall, shape: StepOutput["shape"], reach: OperationReach): void {
  const known = shape.filter((extent) => extent !== null);
  const isKnown = known.every((extent) => Number.isSafeInteger(extent)) &&
    (reach === "value" || known.length === shape.length);
  if (shape.length > 0 && isKnown) return;
  throw call.refusal(`makes a tensor of shape [N, ${shape.join(", ")}], wanted known sizes`);
}
