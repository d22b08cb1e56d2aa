import * as tf from "@tensorflow/tfjs";
import type { LayerGraph } from "../../graph/mod.ts";
import type { ForwardPlan, ForwardStep } from "./forward_plan.ts";
import type { ImageBatch, Objective } from "./objective.ts";

/** A network that is measured beside others. */
export interface VariantNetwork {
  /** The network. */
  readonly graph: LayerGraph;
  /** Its plan. */
  readonly plan: ForwardPlan;
}

/**
 * Measures networks of which the others are variants of the first: the steps that a variant has in common with it from the
 * images on are run once. What comes of it is what each gives by itself, to the last bit.
 *
 * @param networks The networks; all read the same inputs.
 * @param objective What they are measured by.
 * @param batches The batches; their images are disposed.
 * @returns By network, sums over the images of every batch.
 * @throws {InputError} As the objective.
 */
export async function measureVariants<Sums>(
  networks: readonly VariantNetwork[],
  objective: Pick<Objective<Sums>, "measure">,
  batches: AsyncIterable<ImageBatch>,
): Promise<Sums[][]> {
  const [{ plan: first }] = networks;
  const starts = networks.map(({ plan }) => countSharedSteps(first, plan));
  const order = [...networks.keys()].sort((a, b) => starts[a] - starts[b] || b - a);
  const sums = networks.map((): Sums[] => []);
  for await (const batch of batches) {
    const shared = first.start(copyAll(batch.inputs));
    for (const index of order) {
      const { graph, plan } = networks[index];
      first.advance(shared, starts[index]);
      const finish = (): tf.Tensor[] => {
        if (index === 0) return first.finish(shared);
        const live = plan.liveBefore(starts[index]);
        const tensors = new Map(live.map((name) => [name, shared.tensors.get(name)!.clone()]));
        return plan.finish({ tensors, next: starts[index] });
      };
      const predict = (inputs: readonly tf.Tensor[]): tf.Tensor[] => {
        if (starts[index] === 0) return plan.predict(inputs);
        tf.dispose([...inputs]);
        return finish();
      };
      const own = { ...batch, inputs: copyAll(batch.inputs) };
      sums[index].push(...await objective.measure({ graph, plan: { predict } }, once(own)));
    }
    tf.dispose([...batch.inputs]);
  }
  return sums;
}

function copyAll(tensors: readonly tf.Tensor[]): tf.Tensor[] {
  return tensors.map((tensor) => tensor.clone());
}

async function* once<Value>(value: Value): AsyncGenerator<Value> {
  yield await Promise.resolve(value);
}

/** How many steps two plans begin with that are the same, so far that what the second needs behind them is there in the first. */
function countSharedSteps(first: ForwardPlan, second: ForwardPlan): number {
  const differing = second.steps.findIndex((step, index) => !isSame(first.steps[index], step));
  let count = differing < 0 ? second.steps.length : differing;
  const isThere = (at: number) => {
    const live = new Set(first.liveBefore(at));
    return second.liveBefore(at).every((name) => live.has(name));
  };
  while (count > 0 && !isThere(count)) count--;
  return count;
}

function isSame(first: ForwardStep | undefined, second: ForwardStep): boolean {
  if (first === second) return true;
  return first !== undefined && first.nodes.length === second.nodes.length &&
    first.inputs.join() === second.inputs.join() &&
    first.nodes.every((node, index) => {
      const other = second.nodes[index];
      return node.key === other.key && node.className === other.className &&
        JSON.stringify(node.config) === JSON.stringify(other.config) &&
        haveSameWeights(node.weights, other.weights);
    });
}

type Weights = ForwardStep["nodes"][number]["weights"];

function haveSameWeights(first: Weights, second: Weights): boolean {
  return first.size === second.size && [...first].every(([role, { values }]) => {
    const other = second.get(role)?.values;
    return other?.length === values.length && values.every((value, at) => value === other[at]);
  });
}
