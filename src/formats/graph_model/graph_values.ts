import type { GraphNode, NodeOutput } from "./graph_def.ts";
import type { Value } from "./values.ts";

/** The tensors of a graph. */
export class GraphValues {
  readonly #values = new Map<string, readonly Value[]>();
  readonly #readers = new Map<string, number>();

  /**
   * @param nodes Everything that reads tensors.
   * @param outputs Tensors that the model gives, which counts as reading them.
   */
  constructor(nodes: readonly GraphNode[], outputs: readonly NodeOutput[]) {
    for (const tensor of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) {
      const key = keyOf(tensor);
      this.#readers.set(key, (this.#readers.get(key) ?? 0) + 1);
    }
  }

  /** Says what a node makes. */
  define({ name }: GraphNode, values: readonly Value[]): void {
    const marked = values.map((value, index) => {
      const isShared = (this.#readers.get(keyOf({ node: name, index })) ?? 0) > 1;
      return isShared && value.kind === "feature" ? { ...value, isShared } : value;
    });
    this.#values.set(name, marked);
  }

  /** A tensor; undefined where its node makes none, or none that could be read. */
  find({ node, index }: NodeOutput): Value | undefined {
    return this.#values.get(node)?.[index];
  }

  /** What a node reads. */
  inputsOf({ inputs }: GraphNode): (Value | undefined)[] {
    return inputs.map((tensor) => this.find(tensor));
  }

  /** Whether everything is known that a node reads. */
  areKnown({ inputs }: GraphNode): boolean {
    return inputs.every((tensor) => this.find(tensor) !== undefined);
  }
}

function keyOf({ node, index }: NodeOutput): string {
  return `${index}:${node}`;
}
