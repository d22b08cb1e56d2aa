import type { OperationConstant } from "../../model/mod.ts";
import { type Constant, holdsIntegers } from "./constants.ts";
import type { Feature, ImportCall } from "./import_call.ts";

/** Numbers that constants of a step may have, which stand in its options. */
const MOST_NUMBERS = 2 ** 18;

/**
 * A constant as the options of a step have it.
 *
 * @param call The node that reads it.
 * @param constant The constant, its axes in the order of the layers.
 * @returns It as an operand.
 * @throws {InputError} When it is not known in full, or too large.
 */
export function describeConstant(
  call: Pick<ImportCall<Feature>, "refusal" | "name" | "context">,
  constant: Constant,
): OperationConstant {
  const { shape, values } = constant;
  if (values.length > MOST_NUMBERS || values.some(Number.isNaN)) {
    throw call.refusal(
      `reads a constant of shape [${shape.join(", ")}], ` +
        `wanted one that is known in full, of ${MOST_NUMBERS} numbers at most`,
    );
  }
  call.context.layers.spend(values.length, call.name);
  return {
    type: holdsIntegers(constant) ? "int32" : "float32",
    shape: [...shape],
    values: Array.from(values, (value) => Number.isFinite(value) ? value : String(value)),
  };
}
