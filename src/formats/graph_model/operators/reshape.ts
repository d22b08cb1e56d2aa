import type { NodeCall } from "../node_call.ts";
import type { Feature } from "../values.ts";

/**
 * A tensor in another shape with the same values in the same order. Where it was reshaped before, the layers start from
 * what it was; so maps of one pixel that become a vector again cost nothing.
 *
 * @param call The node.
 * @param value The tensor.
 * @param shape As many values as it has.
 * @param suffix Goes behind the node's name, if anything.
 * @returns The same values.
 */
export function reshapeTo(
  call: NodeCall,
  value: Feature,
  shape: readonly (number | null)[],
  suffix?: string,
): Feature {
  if (shape.join() === value.shape.join()) return value;
  const source = value.origin ?? value;
  if (shape.join() === source.shape.join()) {
    return { ...source, isShared: source.isShared || value.isShared };
  }
  if (source.shape.includes(null)) {
    throw call.refusal(
      `turns [N, ${source.shape.join(", ")}] into [N, ${
        shape.join(", ")
      }], wanted maps of a known size; ` +
        `export the model with a fixed image size`,
    );
  }
  const isFlattening = shape.length === 1 && source.shape.length === 3;
  const layer = isFlattening
    ? call.addLayer("Flatten", [source], { data_format: "channels_last" }, {}, suffix)
    : call.addLayer("Reshape", [source], { target_shape: shape }, {}, suffix);
  return { ...call.result(layer, source, { shape }), origin: source };
}
