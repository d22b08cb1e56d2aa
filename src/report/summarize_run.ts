import { nameOf } from "./report_page.ts";
import type { RunRecord } from "./run_record.ts";
import { costsOf } from "./sections/summary.ts";

/** A cost or figure, as far as it is known. */
export interface KnownChange {
  /** Of the network that a run began with. */
  readonly before?: number;
  /** Of the network that it wrote. */
  readonly after?: number;
}

/** The figures of a run that are compared. */
export interface RunSummary {
  /** What it is called: the name of its folder. */
  readonly name: string;
  /** Name of the network that it began with. */
  readonly origin: string;
  /** Share of test images classified rightly. */
  readonly accuracy: KnownChange;
  /** Relative error of the outputs on the test images, where those are compared. */
  readonly outputError: KnownChange;
  /** Multiply–accumulates for one image. */
  readonly macs: KnownChange;
  /** Those of convolutions. */
  readonly convMacs: KnownChange;
  /** Number of weights, moving statistics included. */
  readonly params: KnownChange;
  /** Milliseconds for one image, the median. */
  readonly milliseconds: KnownChange;
  /** What the time was measured with; absent where none was measured. */
  readonly latency?: string;
  /** Bytes on disk. */
  readonly bytes: RunRecord["bytes"];
  /** Seed of the run. */
  readonly seed: number;
  /** Its command line. */
  readonly command: string;
}

/**
 * Picks what is compared of runs.
 *
 * @param runs Records of the runs, with where each was read.
 * @returns The figures; runs whose folders have one name are called by their paths.
 */
export function summarizeRuns(
  runs: readonly { readonly path: string; readonly record: RunRecord }[],
): RunSummary[] {
  const names = runs.map(({ path }) => nameOf(path.replace(/[\\/.]report\.json$/, "")));
  return runs.map(({ path, record }, index): RunSummary => {
    const { kind, report, profile, model, bytes, command } = record;
    const { accuracy, outputError, seed } = report;
    const isNew = kind === "train";
    const isUnique = names.filter((name) => name === names[index]).length === 1;
    return {
      name: isUnique ? names[index] : path,
      origin: nameOf(model),
      accuracy: isNew ? { after: accuracy?.after } : { ...accuracy },
      outputError: { before: outputError?.before, after: outputError?.after },
      ...costsOf(record),
      milliseconds: {
        before: profile?.before?.milliseconds,
        after: profile?.after.milliseconds,
      },
      latency: profile?.latency && describeLatency(profile.latency),
      bytes,
      seed,
      command,
    };
  });
}

type Latency = NonNullable<NonNullable<RunRecord["profile"]>["latency"]>;

function describeLatency({ batchSize, conditions }: Latency): string {
  const { tfjs, target, cpu, cores } = conditions;
  const machine = [cpu, target, `${cores} cores`].filter(Boolean).join(", ");
  return `${batchSize} at a time, TensorFlow.js ${tfjs}, ${machine}`;
}
