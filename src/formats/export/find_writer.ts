import { ownValue } from "../../base/mod.ts";
import type { LayerCall } from "./layer_call.ts";
import type { LayerRefuser } from "./layer_options.ts";

/**
 * What writes a layer.
 *
 * @param refuser The writer of the format.
 * @param call The layer.
 * @param writers What writes layers, by class.
 * @returns The one for the layer's class.
 * @throws {InputError} When there is none.
 */
export function findWriter<Writer>(
  refuser: LayerRefuser,
  call: LayerCall,
  writers: Readonly<Record<string, Writer>>,
): Writer {
  const writer = ownValue(writers, call.className);
  if (writer) return writer;
  throw refuser.refusal(
    call,
    `has no counterpart here, wanted one of ${Object.keys(writers).sort().join(", ")}; ` +
      `replace it, or keep the model as it is`,
  );
}

/**
 * The shape of an input, without the batch.
 *
 * @param refuser The writer of the format.
 * @param call The input layer.
 * @param hasPlace Whether the format has a place for an input of so many axes.
 * @returns The shape, whose channels are fixed.
 * @throws {InputError} When the format cannot have it.
 */
export function inputShapeOf(
  refuser: LayerRefuser,
  call: LayerCall,
  hasPlace: (axes: number) => boolean,
): (number | null)[] {
  const shape = call.config.batch_input_shape?.slice(1) ?? [];
  if (hasPlace(shape.length) && shape.at(-1) !== null) return shape;
  throw refuser.refusal(
    call,
    `has shape [${shape.map((extent) => extent ?? "open").join(", ")}], ` +
      `wanted rows × columns × channels, the channels fixed`,
  );
}
