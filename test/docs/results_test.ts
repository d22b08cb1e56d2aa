import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { projectFolder, readDocuments, targetsOf, withoutCodeBlocks } from "./documents.ts";

/** Where figures are recorded. */
const RESULTS = "bench/results/";

/** Shares of images and other percentages with two places, factors in bold type, and seconds. */
const FIGURE = /(\d+\.\d\d) %|\*\*(\d+\.\d+)\*\*|(?<![\d.,])(\d+) s\b/g;

/** Whether a recorded file has a number that is a figure once it is rounded; a percentage may stand there as a share. */
function hasFigure(recorded: string, percentage: string | undefined, figure: string): boolean {
  const places = figure.split(".")[1]?.length ?? 0;
  const scales = percentage === undefined ? [1] : [1, 100];
  return Array.from(recorded.matchAll(/\d+(\.\d+)?/g), ([number]) => Number(number))
    .some((number) => scales.some((scale) => (scale * number).toFixed(places) === figure));
}

for (const { path, text } of await readDocuments()) {
  const parts = withoutCodeBlocks(text).split(/\n(?=- )|\n\n/);
  const claims = parts.flatMap((part) => {
    const places = targetsOf(part).map((target) =>
      normalize(join(dirname(path), target.split("#")[0]))
    ).filter((place) => place.startsWith(RESULTS));
    const figures = [...part.matchAll(FIGURE)];
    return places.length > 0 && figures.length > 0 ? [{ places, figures }] : [];
  });
  if (claims.length === 0) continue;
  Deno.test(`the figures of ${path} are those of the results that it names`, async () => {
    for (const { places, figures } of claims) {
      const recorded = await Promise.all(
        places.map((place) => Deno.readTextFile(join(projectFolder, place))),
      );
      for (const [shown, percentage, factor, seconds] of figures) {
        assert.ok(
          recorded.some((text) => hasFigure(text, percentage, (percentage ?? factor ?? seconds)!)),
          `${path} has ${shown}, and none of ${places.join(", ")} has it`,
        );
      }
    }
  });
}
