import { TENSOR_TYPES } from "../model.ts";
import type { Source, Translation } from "./translation.ts";

/** Element types that CAST makes, as TensorFlow calls them. */
const CASTS: ReadonlyMap<number, string> = new Map([
  [TENSOR_TYPES.float32, "DT_FLOAT"],
  [TENSOR_TYPES.float16, "DT_FLOAT"],
  [TENSOR_TYPES.int32, "DT_INT32"],
  [TENSOR_TYPES.int64, "DT_INT32"],
  [TENSOR_TYPES.bool, "DT_BOOL"],
]);

/**
 * CAST to a type that TensorFlow.js has.
 *
 * @param node The node.
 * @throws {NodeRefusal} When it has not.
 */
export function translateCast(node: Translation): Source {
  const type = CASTS.get(node.type);
  if (type !== undefined) return node.add("Cast", node.inputs, { DstT: { type } });
  throw node.refusal(`casts to type ${node.type}, wanted floats, integers of 32 bits or bool`);
}
