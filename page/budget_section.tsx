import { useLayoutEffect, useRef } from "preact/hooks";
import type { Curve } from "./curve.ts";
import { CurveField, describeSize } from "./curve_field.tsx";
import { asCompact } from "./figures.ts";
import { JobStatus } from "./job_status.tsx";
import type { LoadedModel, PruneSettings } from "./jobs.ts";
import { NumberField } from "./number_field.tsx";
import { isSizeOpen } from "./reading_fields.tsx";
import { LEAST_PERCENT, MOST_PERCENT } from "./share_range.ts";
import { threadCount } from "./threads.ts";
import type { JobPlace } from "./use_job.ts";

/** What the form holds. */
export interface Budget extends Omit<PruneSettings, "policy"> {
  readonly kind: "budget" | "uniform";
  /** Percent that is kept. */
  readonly percent: number;
}

/** What the form holds at first. */
export const BUDGET_AT_FIRST: Budget = {
  effort: "standard",
  kind: "budget",
  percent: 50,
  select: "obs",
  calibrationImages: 1024,
  channelMultiple: 1,
  epochs: 0,
  seed: 0,
};

/** What a pruning is asked by the form. */
export function settingsOf({ kind, percent, ...others }: Budget): PruneSettings {
  const policy = kind === "budget"
    ? { kind, share: percent / 100 }
    : { kind, ratio: percent / 100 };
  return { policy, ...others };
}

interface BudgetSectionProps {
  readonly job: JobPlace;
  readonly model?: LoadedModel;
  readonly isReady: boolean;
  readonly budget: Budget;
  readonly onChange: (budget: Budget) => void;
  readonly onPrune: () => void;
  readonly curveJob: JobPlace;
  readonly curve?: Curve;
  readonly onTrace: () => void;
}

/** How small the model is to be. */
export function BudgetSection(props: BudgetSectionProps) {
  const { job, model, isReady, budget, onChange, onPrune, curveJob, curve, onTrace } = props;
  const change = (change: Partial<Budget>) => onChange({ ...budget, ...change });
  const isBusy = job.progress !== undefined;
  const button = useFocusAfter(isBusy);
  return (
    <section aria-labelledby="budget-title">
      <h2 id="budget-title">Budget</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onPrune();
        }}
      >
        <fieldset disabled={isBusy}>
          <legend class="unseen">How small</legend>
          <ShareField budget={budget} model={model} curve={curve} change={change} />
          {budget.kind === "budget" && (
            <CurveField
              job={curveJob}
              isReady={isReady}
              curve={curve}
              percent={budget.percent}
              onTrace={onTrace}
            />
          )}
          <div class="choices" role="radiogroup" aria-label="Policy">
            <PolicyChoice kind="budget" budget={budget} change={change}>
              Budget: each layer keeps what costs least accuracy
            </PolicyChoice>
            <PolicyChoice kind="uniform" budget={budget} change={change}>
              Uniform: each layer keeps the same share of its channels
            </PolicyChoice>
          </div>
          <EffortField budget={budget} change={change} />
          <Options budget={budget} change={change} />
        </fieldset>
        <button ref={button} type="submit" class="primary" disabled={!isReady || isBusy}>
          Prune
        </button>
        {!isReady && <span class="note">It takes a model and images.</span>}
        <ThreadNote />
      </form>
      <JobStatus job={job} />
    </section>
  );
}

/** How many threads work, and why they are not more. */
function ThreadNote() {
  const count = threadCount();
  return (
    <p class="hint" data-testid="threads">
      {crossOriginIsolated
        ? `${count === 1 ? "One thread works" : `${count} threads work`}, one for each core.`
        : "One thread works. More would, one for each core, if the server of this page sent the " +
          "headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp."}
    </p>
  );
}

/** A button that gets the focus back, which it and the button for canceling lose when they are gone. */
function useFocusAfter(isBusy: boolean) {
  const button = useRef<HTMLButtonElement>(null);
  const wasBusy = useRef(false);
  useLayoutEffect(() => {
    const isLost = document.activeElement === document.body;
    if (wasBusy.current && !isBusy && isLost) button.current?.focus();
    wasBusy.current = isBusy;
  }, [isBusy]);
  return button;
}

interface FieldProps {
  readonly budget: Budget;
  readonly change: (change: Partial<Budget>) => void;
}

function ShareField(
  { budget, model, curve, change }: FieldProps & Pick<BudgetSectionProps, "model" | "curve">,
) {
  const { kind, percent } = budget;
  const macs = model && !isSizeOpen(model) ? model.description.macs : undefined;
  const what = kind === "budget" ? "of the MACs" : "of each layer's input channels";
  const result = kind === "budget" && macs !== undefined
    ? `: ${asCompact(macs * percent / 100)} of ${asCompact(macs)}`
    : "";
  const text = `${percent}% ${what}${result}`;
  const cost = kind === "budget" && curve ? `; ${describeSize(curve, percent)}` : "";
  return (
    <div class="share">
      <label for="share">Keep</label>
      <span aria-hidden="true">{text}</span>
      <input
        id="share"
        type="range"
        min={LEAST_PERCENT}
        max={MOST_PERCENT}
        step="5"
        value={percent}
        aria-valuetext={text + cost}
        onInput={({ currentTarget }) => change({ percent: currentTarget.valueAsNumber })}
      />
    </div>
  );
}

function EffortField({ budget, change }: FieldProps) {
  return (
    <div class="fields">
      <label>
        Effort{" "}
        <select
          id="effort"
          value={budget.effort}
          onChange={({ currentTarget }) =>
            change({ effort: currentTarget.value as Budget["effort"] })}
        >
          <option value="quick">quick: each layer is repaired by itself</option>
          <option value="standard">
            standard: then the whole network learns the original's answers
          </option>
          <option value="thorough">
            thorough: then it is trained on the images with their classes, which takes long
          </option>
        </select>
      </label>
    </div>
  );
}

function PolicyChoice(
  { kind, budget, change, children }: FieldProps & Pick<Budget, "kind"> & { children: string },
) {
  return (
    <label class="check">
      <input
        type="radio"
        name="policy"
        checked={budget.kind === kind}
        onChange={() => change({ kind })}
      />{" "}
      {children}
    </label>
  );
}

function Options({ budget, change }: FieldProps) {
  return (
    <details>
      <summary>Options</summary>
      <div class="fields columns">
        <label>
          Channels are chosen by{" "}
          <select
            value={budget.select}
            onChange={({ currentTarget }) =>
              change({ select: currentTarget.value as Budget["select"] })}
          >
            <option value="obs">elimination (least error)</option>
            <option value="lasso">Lasso (He et al. 2017)</option>
            <option value="magnitude">size of their weights</option>
          </select>
        </label>
        <NumberField
          label="Images for the statistics"
          hint="More give better statistics and take longer."
          min={1}
          value={budget.calibrationImages}
          onChange={(calibrationImages) => change({ calibrationImages })}
        />
        <NumberField
          label="Keep multiples of"
          hint="Of so many channels; 4 or 8 can suit the device."
          min={1}
          value={budget.channelMultiple}
          onChange={(channelMultiple) => change({ channelMultiple })}
        />
        <NumberField
          label="Epochs of tuning"
          hint="Trains the smaller model to answer as the original. Better, and much slower."
          min={0}
          value={budget.epochs}
          onChange={(epochs) => change({ epochs })}
        />
        <NumberField
          label="Seed"
          hint="The same seed chooses the same images."
          min={0}
          value={budget.seed}
          onChange={(seed) => change({ seed })}
        />
      </div>
    </details>
  );
}
