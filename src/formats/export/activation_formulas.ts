/**
 * Activations by parts, for formats that have no operation for them.
 *
 * @module
 */

/** Operations of which the parts are made. */
export type PartOperator =
  | "ABS"
  | "ADD"
  | "DIV"
  | "ELU"
  | "EXP"
  | "LOG"
  | "LOGISTIC"
  | "MINIMUM"
  | "MUL"
  | "NEG"
  | "RELU"
  | "TANH";

/** Adds nodes that change values one by one; numbers become constants. */
export interface Parts<Tensor> {
  /** A node on the way. */
  do(operator: PartOperator, inputs: readonly (Tensor | number)[]): Tensor;
  /** The last node. */
  end(operator: PartOperator, inputs: readonly (Tensor | number)[]): Tensor;
}

/** An activation of a tensor by parts. */
export type PartsFormula = <Tensor>(parts: Parts<Tensor>, x: Tensor) => Tensor;

/** Constants of selu. */
const SELU_SCALE = 1.0507009873554805, SELU_ALPHA = 1.6732632423543772;

/** elu(x) = max(x, 0) + α · (exp(min(x, 0)) − 1). */
export function eluFormula(alpha: number): PartsFormula {
  return (parts, x) => {
    if (alpha === 1) return parts.end("ELU", [x]);
    const negative = parts.do("ELU", [parts.do("MINIMUM", [x, 0])]);
    return parts.end("ADD", [parts.do("RELU", [x]), parts.do("MUL", [negative, alpha])]);
  };
}

/** log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|)). */
function addSoftplus<Tensor>(parts: Parts<Tensor>, x: Tensor) {
  const power = parts.do("EXP", [parts.do("NEG", [parts.do("ABS", [x])])]);
  return [parts.do("RELU", [x]), parts.do("LOG", [parts.do("ADD", [power, 1])])] as const;
}

/** x · sigmoid(x). */
const swish: PartsFormula = (parts, x) => parts.end("MUL", [x, parts.do("LOGISTIC", [x])]);

/** Activations by their name in lower case, without underscores. */
export const PARTS_FORMULAS = {
  hardsigmoid: (parts, x) => {
    const line = parts.do("ADD", [parts.do("MUL", [x, 0.2]), 0.5]);
    return parts.end("MINIMUM", [parts.do("RELU", [line]), 1]);
  },
  mish: (parts, x) =>
    parts.end("MUL", [x, parts.do("TANH", [parts.do("ADD", addSoftplus(parts, x))])]),
  selu: (parts, x) => {
    const negative = parts.do("ELU", [parts.do("MINIMUM", [x, 0])]);
    const sum = parts.do("ADD", [parts.do("RELU", [x]), parts.do("MUL", [negative, SELU_ALPHA])]);
    return parts.end("MUL", [sum, SELU_SCALE]);
  },
  silu: swish,
  softplus: (parts, x) => parts.end("ADD", addSoftplus(parts, x)),
  softsign: (parts, x) => parts.end("DIV", [x, parts.do("ADD", [parts.do("ABS", [x]), 1])]),
  swish,
} satisfies Readonly<Record<string, PartsFormula>>;
