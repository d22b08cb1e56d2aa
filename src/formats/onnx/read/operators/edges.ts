import { addCrop, type Pair, resized, sizeOf } from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../../values.ts";

/**
 * Puts rows and columns around maps that are copies of theirs: of the outermost ones, or of those behind these in reversed
 * order.
 *
 *     edge     a a a|a b c d|d d d
 *     reflect  d c b|a b c d|c b a
 *
 * @param call The node.
 * @param value The maps.
 * @param pads How many above and below, left and right.
 * @param isReflected Whether they are reflected.
 * @returns The larger maps.
 * @throws {InputError} When the size of the maps is open, or they are too small to be reflected.
 */
export function addEdges(
  call: NodeCall,
  value: Feature,
  pads: readonly [Pair, Pair],
  isReflected: boolean,
): Feature {
  return pads.reduce<Feature>((padded, [begin, end], axis) => {
    if (begin + end === 0) return padded;
    const extent = sizeOf(call, padded)[axis];
    if (extent === null || isReflected && Math.max(begin, end) >= extent) {
      throw call.refusal(
        `puts copies of ${begin} and ${end} rows or columns around ${
          extent ?? "an open number"
        }, ` +
          `wanted a fixed and larger number; export the model with a fixed image size`,
      );
    }
    const ahead = Array.from({ length: begin }, (_, place) => isReflected ? begin - place : 0);
    const behind = Array.from(
      { length: end },
      (_, place) => isReflected ? extent - 2 - place : extent - 1,
    );
    const single = (place: number) =>
      addCrop(call, padded, axis, [place, place + 1], `${axis === 0 ? "row" : "column"}${place}`);
    const copies = new Map([...ahead, ...behind].map((place) => [place, single(place)]));
    const parts = [
      ...ahead.map((place) => copies.get(place)!),
      padded,
      ...behind.map((place) => copies.get(place)!),
    ];
    return joinParts(call, parts, axis, extent + begin + end);
  }, value);
}

/** Maps one behind the other, along rows or columns. */
function joinParts(call: NodeCall, parts: readonly Feature[], axis: number, extent: number) {
  const [part] = parts;
  const suffix = axis === 0 ? "rows" : "columns";
  const layer = call.addLayer("Concatenate", parts, { axis: axis + 1 }, {}, suffix);
  const size = sizeOf(call, part).with(axis, extent);
  return call.result(layer, part, { shape: resized(call, part, size) });
}
