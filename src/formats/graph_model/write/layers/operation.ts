import { type OperationConfig, operationShape } from "../../../../model/mod.ts";
import type { LayerWriter } from "./layer_writer.ts";

/** A step of its own: the node that it was. Those that give further outputs of one node share it. */
export const writeOperation: LayerWriter = (graph, call, inputs) => {
  const config = call.config as OperationConfig;
  const operands = config.operands.map((operand, index) =>
    typeof operand === "number"
      ? inputs[operand].name
      : graph.addOperand(`${call.name}/operand${index}`, operand)
  );
  const { operator, attributes, output } = config;
  const shape = operationShape(config, inputs.map((input) => input.shape));
  const name = graph.addOnce(call.name, operator, operands, attributes);
  return { name: output === 0 ? name : `${name}:${output}`, shape };
};
