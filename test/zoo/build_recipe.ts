import type * as tf from "@tensorflow/tfjs";
import { Layout, type Symbolic } from "./layout.ts";
import type { Joining, Recipe, Step, Window } from "./recipes.ts";

/** Bounds that keep the networks small: rows and columns of a map, channels of a layer. */
const SMALLEST = 4, LARGEST = 16, WIDEST = 16;

/** Builds what a recipe says; a step that does not fit where it stands is left out or does what fits. */
export function buildRecipe({ steps, head, hasSideOutput }: Recipe): tf.LayersModel {
  const cook = new Cook();
  const image = cook.net.image();
  const stem = cook.net.conv(image, 4, { bias: true });
  const half = Math.ceil(steps.length / 2);
  const middle = cook.follow(stem, steps.slice(0, half), true);
  const x = cook.follow(middle, steps.slice(half), true);
  const outputs = [cook.finish(x, head)];
  if (hasSideOutput) outputs.push(cook.net.head(middle, 3));
  return cook.net.model(image, outputs);
}

/** Follows steps, and knows all maps made so far. */
class Cook {
  readonly net = new Layout("random");
  readonly #made: Symbolic[] = [];

  /** @param mayResize Whether rows and columns may change. */
  follow(x: Symbolic, steps: readonly Step[], mayResize: boolean): Symbolic {
    return steps.reduce((before, step) => {
      const after = this.#take(before, step, mayResize);
      this.#made.push(after);
      return after;
    }, x);
  }

  finish(x: Symbolic, head: Recipe["head"]): Symbolic {
    const last = this.net.conv(x, 5, { activation: "relu" });
    if (head === "pool") return this.net.head(last);
    if (head === "flatten") return this.net.dense(this.net.flatten(last), 3);
    return this.net.conv(last, 2, { kernel: 1 });
  }

  #take(x: Symbolic, step: Step, mayResize: boolean): Symbolic {
    const { net } = this;
    const [, rows, columns, width] = x.shape as number[];
    const canShrink = mayResize && Math.min(rows, columns) > SMALLEST;
    const canGrow = mayResize && Math.max(rows, columns) * 2 <= LARGEST;
    switch (step.op) {
      case "conv":
        return net.conv(x, step.filters, fitWindow(step.window, canShrink));
      case "separable": {
        const { multiplier } = step;
        const options = { ...fitWindow(step.window, canShrink), dilation: 1 };
        return net.separable(x, step.filters, { ...options, multiplier });
      }
      case "depthwise": {
        const multiplier = width * step.multiplier > WIDEST ? 1 : step.multiplier;
        return net.depthwise(x, { ...fitWindow(step.window, canShrink), multiplier });
      }
      case "transposed":
        return canGrow ? net.transposed(x, step.filters, step) : x;
      case "twice":
        return net.twice(x);
      case "norm":
        return net.norm(x);
      case "prelu":
        return net.prelu(x);
      case "leaky":
        return net.leaky(x);
      case "up":
        return canGrow ? net.up(x) : x;
      case "pad":
        return canGrow ? net.pad(x) : x;
      case "crop":
        return canShrink ? net.crop(x) : x;
      case "turn":
        return mayResize || rows === columns ? net.permute(x, [2, 1, 3]) : x;
      case "act":
        return net.act(x, step.activation);
      case "pool": {
        const [strides, padding] = canShrink ? [step.strides, step.padding] : [1, "same"] as const;
        const pool = step.by === "max" ? net.maxPool : net.averagePool;
        return pool.call(net, x, step.size, strides, padding);
      }
      case "excite":
        return net.excite(x, 2, step.by);
      case "shared":
        return this.#share(x, step.filters, step.back);
      case "skip":
        return this.#skip(x, step.joining, step.back);
      case "branches":
        return this.#branch(x, step, canShrink);
    }
  }

  /** Calls one layer for this map and an earlier one of the same width; what comes of two of one size is added. */
  #share(x: Symbolic, filters: number, back: number): Symbolic {
    const { net } = this;
    const fitting = this.#made.filter((map) => map !== x && map.shape[3] === x.shape[3]);
    const other = fitting.at(-back) ?? fitting.at(0);
    if (other === undefined) return net.conv(x, filters);
    const [own, earlier] = net.shared([x, other], filters);
    if (own.shape.join() === earlier.shape.join()) return net.add(own, earlier);
    this.#made.push(earlier);
    return own;
  }

  /** Joins an earlier map of the same size. */
  #skip(x: Symbolic, joining: Joining, back: number): Symbolic {
    const fitting = this.#made.filter((other) =>
      other !== x && other.shape.slice(0, 3).join() === x.shape.slice(0, 3).join()
    );
    const other = fitting.at(-back) ?? fitting.at(0);
    if (other === undefined) return x;
    if (joining !== "concat") return this.#join([x, other], joining);
    const isTooWide = x.shape[3]! + other.shape[3]! > WIDEST;
    return isTooWide ? x : this.net.concat(x, other);
  }

  /** Arms from the same map, each with a stride of its own where the block has one. */
  #branch(
    x: Symbolic,
    { joining, strides, arms }: Extract<Step, { op: "branches" }>,
    canShrink: boolean,
  ): Symbolic {
    const isStrided = strides === 2 && canShrink;
    const ends = arms.map((arm) => {
      const entry = isStrided ? this.net.conv(x, 4, { kernel: 1, strides }) : x;
      return this.follow(entry, arm, false);
    });
    const different = ends.filter((end, index) => ends.indexOf(end) === index);
    return different.length === 1 ? different[0] : this.#join(different, joining);
  }

  /** Maps of one size; where widths have to be the same, others than the first get a 1×1 convolution. */
  #join(parts: Symbolic[], joining: Joining): Symbolic {
    const { net } = this;
    if (joining === "concat") {
      const joined = net.concat(...parts);
      return joined.shape[3]! > WIDEST ? net.conv(joined, 6, { kernel: 1 }) : joined;
    }
    const [first, ...others] = parts;
    const width = first.shape[3]!;
    const projected = others.map((part) =>
      part.shape[3] === width ? part : net.conv(part, width, { kernel: 1 })
    );
    if (joining === "multiply") {
      return net.multiply(first, ...projected.map((part) => net.act(part, "sigmoid")));
    }
    return joining === "add" ? net.add(first, ...projected) : net.maximum(first, ...projected);
  }
}

/**
 * A window that fits: where the size has to stay, nothing is left out. TensorFlow.js has no strides together with
 * dilation, and its WASM backend (4.22) gives zeros for a `same` window that is narrower than its stride.
 */
function fitWindow({ dilation, ...window }: Window, canShrink: boolean) {
  if (!canShrink) return { ...window, dilation, strides: 1, padding: "same" } as const;
  if (window.strides === 1) return { ...window, dilation };
  const isNarrow = Math.min(...window.kernel) < window.strides;
  return { ...window, padding: isNarrow ? "valid" : window.padding } as const;
}
