import { useState } from "preact/hooks";
import type { ModelFile } from "../src/browser.ts";
import { asMilliseconds, asPercent } from "./figures.ts";
import { JobStatus } from "./job_status.tsx";
import type { StockTimes } from "./jobs.ts";
import { NumberField } from "./number_field.tsx";
import type { StockBackend } from "./stock_backends.ts";
import { useJob } from "./use_job.ts";

const IMAGES_AT_FIRST = 8;

const BACKENDS: readonly [backend: StockBackend, label: string][] = [
  ["wasm", "WebAssembly"],
  ["webgl", "WebGL"],
  ["webgpu", "WebGPU"],
];

interface LatencyProps {
  readonly original: ModelFile;
  readonly smaller: ModelFile;
  readonly folded?: ModelFile;
  readonly inputSize?: [number, number];
}

/** A backend, and what was measured on it. */
interface Measured extends StockTimes {
  readonly label: string;
}

/** How long the models take here. */
export function Latency({ original, smaller, folded, inputSize }: LatencyProps) {
  const job = useJob();
  const [batchSize, setBatchSize] = useState(IMAGES_AT_FIRST);
  const [measured, setMeasured] = useState<readonly Measured[]>([]);
  const measure = async () => {
    const models = [original, smaller, ...(folded ? [folded] : [])];
    const done: Measured[] = [];
    setMeasured(done);
    // One after the other: at once, they would slow each other down.
    for (const [backend, label] of BACKENDS) {
      const input = { backend, models, inputSize, batchSize };
      const times = await job.run("time", input, `Measuring latency on ${label}`);
      if (times === undefined) return;
      done.push({ label, ...times });
      setMeasured([...done]);
    }
  };
  return (
    <>
      <p>
        Stock TensorFlow.js on what this device has, WebAssembly with one thread, the models in
        turn: medians, and shares of the original's time in the same turns.
      </p>
      <NumberField
        label="Images at once"
        hint="Small models need several: browsers' clocks are coarse."
        min={1}
        value={batchSize}
        onChange={setBatchSize}
      />
      <div class="buttons">
        <button type="button" onClick={measure} disabled={job.progress !== undefined}>
          Measure
        </button>
      </div>
      <JobStatus job={job} />
      {measured.length > 0 && <LatencyTable measured={measured} />}
    </>
  );
}

const NAMES = ["Original", "Smaller", "Smaller, folded"];

function LatencyTable({ measured }: { measured: readonly Measured[] }) {
  const rows = Math.max(...measured.map(({ timings }) => timings.length));
  return (
    <>
      <div class="scroll" tabIndex={0} role="group" aria-label="Latency">
        <table
          class="figures"
          data-testid="latency"
          data-complete={measured.length === BACKENDS.length}
        >
          <thead>
            <tr>
              <td />
              {measured.map(({ label }) => <th key={label} scope="col" class="number">{label}</th>)}
            </tr>
          </thead>
          <tbody>
            {NAMES.slice(0, rows).map((name, row) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {measured.map(({ label, timings }) => (
                  <td key={label} class="number">{describeTime(timings[row], row === 0)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {measured.map(({ label, reason }) =>
        reason && <p key={label} class="note">{label}: not measured, {reason}.</p>
      )}
    </>
  );
}

function describeTime(timing: StockTimes["timings"][number] | undefined, isFirst: boolean): string {
  if (timing === undefined) return "–";
  const time = `${asMilliseconds(timing.median)} ms`;
  return isFirst ? time : `${time} (${asPercent(timing.relative.median)})`;
}
