import { useState } from "preact/hooks";
import type { ModelFile, Timing } from "../src/browser.ts";
import { asMilliseconds, asPercent } from "./figures.ts";
import { JobStatus } from "./job_status.tsx";
import { NumberField } from "./number_field.tsx";
import { useJob } from "./use_job.ts";

const IMAGES_AT_FIRST = 8;

interface LatencyProps {
  readonly original: ModelFile;
  readonly smaller: ModelFile;
  readonly folded?: ModelFile;
  readonly inputSize?: [number, number];
}

/** How long the models take here. */
export function Latency({ original, smaller, folded, inputSize }: LatencyProps) {
  const job = useJob();
  const [batchSize, setBatchSize] = useState(IMAGES_AT_FIRST);
  const [rows, setRows] = useState<readonly { name: string; timing: Timing }[]>();
  const measure = async () => {
    const models = [original, smaller, ...(folded ? [folded] : [])];
    const timings = await job.run("time", { models, inputSize, batchSize }, "Measuring latency");
    const names = ["Original", "Smaller", "Smaller, folded"];
    setRows(timings?.map((timing, index) => ({ name: names[index], timing })));
  };
  return (
    <>
      <p>
        Stock TensorFlow.js with WebAssembly, one thread, the models in turn; shares are medians
        over the turns.
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
      {rows && (
        <div class="scroll" tabIndex={0} role="group" aria-label="Latency">
          <table class="figures" data-testid="latency">
            <thead>
              <tr>
                <td />
                <th scope="col" class="number">Median</th>
                <th scope="col" class="number">Range</th>
                <th scope="col" class="number">Of the original</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, timing }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="number">{asMilliseconds(timing.median)} ms</td>
                  <td class="number">
                    {asMilliseconds(timing.minimum)} to {asMilliseconds(timing.maximum)} ms
                  </td>
                  <td class="number">{asPercent(timing.relative.median)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
