import {
  asAccuracy,
  asBytes,
  asChange,
  asCompact,
  asCount,
  asPercent,
  asPoints,
} from "./figures.ts";
import type { Pruned } from "./jobs.ts";

interface Row {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly change: string;
}

/** Figures before and after. */
export function FigureTable({ pruned }: { pruned: Pruned }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Figures before and after">
      <table class="figures">
        <thead>
          <tr>
            <td />
            <th scope="col" class="number">Original</th>
            <th scope="col" class="number">Smaller</th>
            <th scope="col" class="number">Change</th>
          </tr>
        </thead>
        <tbody>
          {rowsOf(pruned).map(({ name, before, after, change }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{before}</td>
              <td class="number">{after}</td>
              <td class="number">{change}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function rowsOf({ report, bytes }: Pruned): Row[] {
  const { accuracy, outputError, macs, params, countedFor } = report;
  const size = countedFor ? ` of ${countedFor[0].shape.join(" × ")}` : "";
  const sized = (
    name: string,
    asText: (value: number) => string,
    before: number,
    after: number,
  ) => ({
    name,
    before: asText(before),
    after: asText(after),
    change: asChange(after / before - 1),
  });
  return [
    ...(accuracy
      ? [{
        name: "Accuracy",
        before: asAccuracy(accuracy.before),
        after: asAccuracy(accuracy.after),
        change: asPoints(accuracy.after - accuracy.before),
      }]
      : []),
    ...(outputError
      ? [{
        name: "Error of the outputs",
        before: "",
        after: asPercent(outputError.after),
        change: "",
      }]
      : []),
    sized(`MACs for an image${size}`, asCompact, macs.before, macs.after),
    sized("MACs of convolutions", asCompact, macs.convBefore, macs.convAfter),
    sized("Parameters", asCount, params.before, params.after),
    sized("File size", asBytes, bytes.before, bytes.after),
  ];
}
