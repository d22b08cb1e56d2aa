import { useEffect, useRef, useState } from "preact/hooks";
import { ChannelChart } from "./channel_chart.tsx";
import { Downloads } from "./downloads.tsx";
import { FigureTable } from "./figure_table.tsx";
import { JobStatus } from "./job_status.tsx";
import type { LoadedModel, Pruned, Reading } from "./jobs.ts";
import { Latency } from "./latency.tsx";
import type { JobAnswer } from "./run_job.ts";
import { useJob } from "./use_job.ts";

interface ResultSectionProps {
  readonly model: LoadedModel;
  readonly pruned: Pruned;
  readonly reading: Reading;
}

/** What became of the model. */
export function ResultSection({ model, pruned, reading }: ResultSectionProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [folded, setFolded] = useState<JobAnswer<"fold">>();
  const [isFolding, setFolding] = useState(false);
  const foldJob = useJob();
  useEffect(() => heading.current?.focus(), []);
  const smaller = isFolding && folded ? folded.file : pruned.file;
  const toggleFold = async (wanted: boolean) => {
    setFolding(wanted);
    if (!wanted || folded) return;
    const answer = await foldJob.run("fold", pruned.file, "Folding");
    if (answer) setFolded(answer);
    else setFolding(false);
  };
  return (
    <section aria-labelledby="result-title" data-testid="result">
      <h2 id="result-title" tabIndex={-1} ref={heading}>Smaller model</h2>
      <FigureTable pruned={pruned} />
      <p class="hint">
        {model.path}, pruned in {pruned.report.seconds.total.toFixed(1)} s on{" "}
        {pruned.report.workers === 1 ? "one thread" : `${pruned.report.workers} threads`}.
      </p>
      {pruned.repair && <p class="hint">{pruned.repair}.</p>}
      {pruned.notes.map((note) => <p key={note} class="note">Note: {note}.</p>)}
      <h3>Channels kept by layer</h3>
      <ChannelChart layers={pruned.report.layers} />
      <h3>Use it</h3>
      <label class="check">
        <input
          type="checkbox"
          checked={isFolding}
          disabled={foldJob.progress !== undefined}
          onChange={({ currentTarget }) => toggleFold(currentTarget.checked)}
        />{" "}
        Fold BatchNormalization and activations into convolutions: same outputs, fewer layers
      </label>
      <JobStatus job={foldJob} />
      <Downloads model={smaller} stem={stemOf(model.path)} disabled={isFolding && !folded} />
      <h3>Latency on this device</h3>
      <Latency
        original={model.file}
        smaller={pruned.file}
        folded={isFolding ? folded?.file : undefined}
        inputSize={reading.preprocessing.inputSize}
      />
    </section>
  );
}

/** What the smaller model's files are called by: every model.json has the same name, so that its folder's is used. */
function stemOf(path: string): string {
  const [folder, name] = path.split("/").slice(-2);
  const stem = name === "model.json" ? folder : name ?? folder;
  return `${stem.replace(/\.\w+$/, "")}-smaller`;
}
