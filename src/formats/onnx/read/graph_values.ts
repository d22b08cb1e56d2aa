import { InputError } from "../../../base/mod.ts";
import type { Value } from "../values.ts";

/** The tensors of a graph by name. */
export class GraphValues {
  readonly #values = new Map<string, Value>();
  readonly #missing = new Set<string>();
  readonly #readers = new Map<string, number>();
  readonly #path: string;

  /**
   * @param read Names of all tensors that nodes read, or that the graph gives, as often as they do.
   * @param path Path of the file, for messages.
   */
  constructor(read: Iterable<string>, path: string) {
    this.#path = path;
    for (const name of read) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
  }

  /**
   * Says what a tensor is.
   *
   * @throws {InputError} When it is known already.
   */
  define(name: string, value: Value): void {
    this.#requireNew(name);
    const isShared = (this.#readers.get(name) ?? 0) > 1;
    const isFeature = value.kind === "feature";
    this.#values.set(name, isFeature && isShared ? { ...value, isShared } : value);
  }

  /**
   * Says that a tensor is there, and that nothing here makes it.
   *
   * @throws {InputError} When it is known already.
   */
  defineMissing(name: string): void {
    this.#requireNew(name);
    this.#missing.add(name);
  }

  #requireNew(name: string): void {
    if (!this.#values.has(name) && !this.#missing.has(name)) return;
    throw new InputError(
      `reading ${this.#path}: found tensor "${name}" twice, wanted it once; export the model again`,
    );
  }

  /** What a tensor is; undefined where nothing here makes it. */
  find(name: string): Value | undefined {
    return this.#values.get(name);
  }

  /** Whether a tensor is there that nothing here makes. */
  isMissing(name: string): boolean {
    return this.#missing.has(name);
  }
}
