import { type Curve, type CurvePlace, placesOf, readCurve } from "./curve.ts";
import { asAccuracy, asCompact, asCount, asPercent } from "./figures.ts";
import { JobStatus } from "./job_status.tsx";
import { LEAST_PERCENT, MOST_PERCENT } from "./share_range.ts";
import type { JobPlace } from "./use_job.ts";

interface CurveFieldProps {
  readonly job: JobPlace;
  readonly isReady: boolean;
  readonly curve?: Curve;
  /** Percent of the MACs at which the slider stands. */
  readonly percent: number;
  readonly onTrace: () => void;
}

/** What every size costs, under the slider whose positions are those of the curve. */
export function CurveField({ job, isReady, curve, percent, onTrace }: CurveFieldProps) {
  return (
    <>
      {curve ? <CurveChart curve={curve} percent={percent} /> : (
        <div class="buttons">
          <button
            type="button"
            disabled={!isReady || job.progress !== undefined}
            onClick={onTrace}
          >
            Show what each size costs
          </button>
        </div>
      )}
      <JobStatus job={job} />
    </>
  );
}

/** Height of the drawing in its own units; its width is the slider's range. */
const HEIGHT = 100;

/** What the drawing's bounds are multiples of. */
const STEP = 0.05;

/** Says what the curve tells of a size. */
export function describeSize(curve: Curve, percent: number): string {
  const found = readCurve(placesOf(curve), percent / 100);
  if (found === undefined) return "the model cannot be made as small";
  const error = asPercent(found.standardError);
  return curve.original.accuracy === undefined
    ? `error of the outputs about ${asPercent(found.value)} ± ${error}`
    : `accuracy about ${asAccuracy(found.value)} ± ${error}, ` +
      `the original's ${asAccuracy(curve.original.accuracy)}`;
}

function CurveChart({ curve, percent }: Pick<CurveFieldProps, "percent"> & { curve: Curve }) {
  const places = placesOf(curve);
  const [least, most] = rangeOf(places);
  const x = ({ share }: Pick<CurvePlace, "share">) => 100 * share - LEAST_PERCENT;
  const y = (value: number) => HEIGHT * (most - value) / (most - least);
  const linePoints = places.map((place) => `${x(place)},${y(place.value)}`);
  const band = [
    ...places.map((place) => `${x(place)},${y(place.value + place.standardError)}`),
    ...places.toReversed().map((place) => `${x(place)},${y(place.value - place.standardError)}`),
  ];
  const marker = x({ share: percent / 100 });
  return (
    <figure class="curve" data-testid="curve">
      <div class={curve.original.accuracy === undefined ? "plot falling" : "plot"}>
        <svg
          viewBox={`0 0 ${MOST_PERCENT - LEAST_PERCENT} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <polygon class="spread" points={band.join(" ")} />
          <line class="marker" x1={marker} x2={marker} y1="0" y2={HEIGHT} />
          <polyline class="line" points={linePoints.join(" ")} />
          {places.map((place) => (
            <path
              key={place.share}
              class="dot"
              d={`M${x(place)} ${y(place.value)}h0`}
            />
          ))}
        </svg>
        <span class="highest" aria-hidden="true">{asPercent(most)}</span>
        <span class="lowest" aria-hidden="true">{asPercent(least)}</span>
      </div>
      <figcaption>
        At {percent}%: {describeSize(curve, percent)}. Measured on {asCount(curve.original.images)}
        {" "}
        training images that are set aside, and before the repair, which wins some of it back.
      </figcaption>
      {curve.notes.map((note) => <p key={note} class="note">Note: {note}.</p>)}
      <CurveTable curve={curve} />
    </figure>
  );
}

/** Lowest and highest value that the drawing shows. */
function rangeOf(places: readonly CurvePlace[]): [least: number, most: number] {
  const values = places.map(({ value }) => value);
  const least = STEP * Math.floor(Math.min(...values) / STEP);
  return [least, Math.max(least + STEP, STEP * Math.ceil(Math.max(...values) / STEP))];
}

function CurveTable({ curve: { original, points } }: { curve: Curve }) {
  const isClassified = original.accuracy !== undefined;
  return (
    <details>
      <summary>Figures of the curve</summary>
      <div class="scroll" tabIndex={0} role="group" aria-label="Figures of the curve">
        <table>
          <thead>
            <tr>
              <th scope="col">Keeps</th>
              <th scope="col" class="number">MACs</th>
              <th scope="col" class="number">Parameters</th>
              <th scope="col" class="number">
                {isClassified ? "Accuracy" : "Error of the outputs"}
              </th>
              <th scope="col" class="number">Standard error</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ share, macs, params, accuracy, drop, standardError }) => (
              <tr key={share}>
                <th scope="row">{Math.round(100 * share)}%</th>
                <td class="number">{asCompact(macs)}</td>
                <td class="number">{asCount(params)}</td>
                <td class="number">
                  {accuracy === undefined ? asPercent(drop) : asAccuracy(accuracy)}
                </td>
                <td class="number">{asPercent(standardError)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
