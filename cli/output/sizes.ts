import type { SizedInput } from "../../src/mod.ts";

/** Sizes of inputs for people: of one by its extents, of several by their names too. */
export function describeSizes(inputs: readonly SizedInput[]): string {
  const sizes = inputs.map(({ shape }) => shape.join("x"));
  return inputs.length === 1
    ? sizes[0]
    : inputs.map(({ name }, index) => `${name} ${sizes[index]}`).join(", ");
}
