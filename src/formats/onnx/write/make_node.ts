import type { OnnxAttribute, OnnxNode } from "../messages.ts";

/**
 * A node of one output, which it is named after.
 *
 * @param operator Its operation.
 * @param inputs Names of what it reads.
 * @param name Its name, and that of the tensor it makes.
 * @param attributes Its attributes.
 */
export function makeNode(
  operator: string,
  inputs: readonly string[],
  name: string,
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): OnnxNode {
  return {
    ...{ name, operator, domain: "", inputs: [...inputs], outputs: [name] },
    attributes: new Map(Object.entries(attributes)),
  };
}

/** Names of tensors, none of which is there twice. */
export class FreeNames {
  readonly #taken: Set<string>;

  /** @param taken Names that are not free. */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** A name, or the next that is free; it is not from then on. */
  take(wanted: string): string {
    let name = wanted;
    for (let suffix = 2; this.#taken.has(name); suffix++) name = `${wanted}_${suffix}`;
    this.#taken.add(name);
    return name;
  }
}

/** Bytes of integers of 64 bits. */
export function bytesOfIntegers(values: readonly number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
}
