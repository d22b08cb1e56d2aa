import { InputError } from "../base/mod.ts";
import { openModel } from "../formats/mod.ts";
import { inlineModels, pinInputSize } from "../graph/mod.ts";
import { findInputs, type ModelFile, type PreprocessingOverrides } from "../model/mod.ts";

/** Heights and widths that a model leaves open: of all inputs, and of single ones by name. */
export type InputSizes =
  & { readonly inputSize?: readonly [number, number] }
  & Pick<PreprocessingOverrides, "inputs">;

/**
 * Reads a model unless it has been read already, puts the layers of nested models in their places, and fixes the input
 * sizes that it leaves open.
 *
 * @param model A model, or its path.
 * @param sizes Height and width in pixels of all inputs, and of single ones by name, which go first.
 * @returns The model; what was given stays as it is.
 * @throws {InputError} When it cannot be read, or a size is not one that it can have.
 *
 * @example Fix the input size of a model that leaves it open
 * ```ts
 * import { resolveModel } from "secateur/browser";
 * import assert from "node:assert/strict";
 *
 * const model = await resolveModel("cli/example/resnet8-fashion-mnist");
 * const [input] = model.topology.config.layers!;
 * input.config.batch_input_shape = [null, null, null, 1];
 * const fixed = await resolveModel(model, { inputSize: [32, 32] });
 * assert.deepEqual(fixed.topology.config.layers![0].config.batch_input_shape, [null, 32, 32, 1]);
 * ```
 */
export async function resolveModel(
  model: string | ModelFile,
  { inputSize, inputs = {} }: InputSizes = {},
): Promise<ModelFile> {
  const file = inlineModels(typeof model === "string" ? await openModel(model) : model);
  const named = Object.entries(inputs).map(([name, { inputSize = [] }]) =>
    [name, inputSize] as const
  );
  const pinned = pinInputSize(file, new Map(named));
  return inputSize ? pinInputSize(pinned, inputSize) : pinned;
}

/**
 * Reads a model that another one's outputs are compared with.
 *
 * @param reference The model, or where it is.
 * @param file The other one, with a fixed input size.
 * @returns The model with the same input size.
 * @throws {InputError} When it cannot be read or reads images of another shape.
 */
export async function resolveReference(
  reference: string | ModelFile,
  file: ModelFile,
): Promise<ModelFile> {
  const read = await resolveModel(reference);
  const wanted = findInputs(file.topology);
  const sizes = findInputs(read.topology).map(({ name }, index) =>
    [name, wanted[index]?.shape?.slice(1) ?? []] as const
  );
  const pinned = pinInputSize(read, new Map(sizes));
  const [own, others] = [pinned, file].map(describeInputs);
  if (own === others) return pinned;
  const what = sizes.length > 1 ? "the inputs" : "an input of";
  throw new InputError(
    `comparing ${pinned.path} with ${file.path}: found ${what} ${own}, wanted ${others}; ` +
      "give a model with the same inputs",
  );
}

/** Inputs as a comparison sees them: several go by their names, and in this order. */
function describeInputs({ topology }: ModelFile): string {
  const inputs = findInputs(topology).map(({ name, shape = [] }) => ({
    name,
    extents: shape.slice(1).join("×") || "no single shape",
  }));
  if (inputs.length === 1) return inputs[0].extents;
  return inputs.map(({ name, extents }) => `${name} ${extents}`).join(", ");
}
