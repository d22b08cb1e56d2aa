import * as tf from "@tensorflow/tfjs";
import { Thread } from "../../base/mod.ts";
import { startBackend } from "../../kernels/mod.ts";
import type { ModelFile } from "../../model/mod.ts";
import { compareNetworks, type Comparison } from "./compare_networks.ts";
import type { InputRows } from "./input_rows.ts";

/** What an input reads of a batch. */
interface InputValues {
  readonly shape: readonly number[];
  readonly values: tf.TypedArray;
}

/** What the thread is asked. */
interface ComparisonRequest {
  readonly wanted: ModelFile;
  readonly found: ModelFile;
  readonly rows: Pick<InputRows, "count" | "batchSize">;
  /** By batch, what every input reads. */
  readonly batches: readonly (readonly InputValues[])[];
  readonly activity: string;
}

/**
 * {@link compareNetworks} on a thread of its own, which gives back what large networks take of the backend: its memory never
 * shrinks.
 *
 * @param wanted The network before.
 * @param found The network after.
 * @param rows What their inputs read.
 * @param activity What was done, for messages.
 * @returns The difference, and whether the inputs could show one.
 * @throws {InputError} When outputs are no finite numbers.
 * @throws {WorkerError} When the thread ends before it answers.
 * @throws {Error} When the difference is above 1e-4: the rebuilding is wrong.
 */
export async function compareOnThread(
  wanted: ModelFile,
  found: ModelFile,
  { count, batchSize, read }: InputRows,
  activity: string,
): Promise<Comparison> {
  const batches: InputValues[][] = [];
  for (let row = 0; row < count; row += batchSize) {
    const inputs = await read(row, Math.min(count, row + batchSize));
    batches.push(inputs.map((input) => ({ shape: input.shape, values: input.dataSync() })));
    tf.dispose(inputs);
  }
  const request: ComparisonRequest = {
    wanted,
    found,
    rows: { count, batchSize },
    batches,
    activity,
  };
  const thread = new Thread("comparison", "for a comparison");
  try {
    return await thread.ask(request) as Comparison;
  } finally {
    thread.terminate();
  }
}

/**
 * What that thread does with a request.
 *
 * @param message Two networks.
 * @returns What a comparison finds.
 */
export async function answerComparison(message: unknown): Promise<Comparison> {
  const { wanted, found, rows, batches, activity } = message as ComparisonRequest;
  await startBackend();
  const read = (from: number) =>
    Promise.resolve(
      batches[from / rows.batchSize].map(({ shape, values }) => tf.tensor(values, [...shape])),
    );
  return await compareNetworks(wanted, found, { ...rows, read }, activity);
}
