/**
 * Channel counts under a budget: the exact solver against few options, and few options alone where tables are too large.
 *
 *     deno run bench/budget_bench.ts
 *
 * Errors fall with the counts as those of reconstruction do; they are random, the networks' widths and
 * multiply–accumulates are not. `above` is what an error is above the optimum, `gap` what it is above the bound at most.
 *
 * @module
 */
import { chooseCounts } from "../src/pruning/policy/budget/budget.ts";
import {
  denseNetProblem,
  resNet50Problem,
  resNetProblem,
  vgg16ParamsProblem,
  vgg16Problem,
} from "../test/pruning/policy/budget/budget_problems.ts";
import { formatTable } from "./timing.ts";

const PROBLEMS = {
  "ResNet-20": resNetProblem(3, 1),
  "ResNet-56": resNetProblem(9, 1),
  "VGG-16": vgg16Problem(1),
};
const SHARES = [0.7, 0.5, 0.3, 0.1];
const SETTINGS = {
  exact: {},
  "4096 buckets": { buckets: 4096 },
  thinned: { tableLimit: 1 },
};
const RUNS = 3;

const rows = Object.entries(PROBLEMS).flatMap(([network, problem]) =>
  SHARES.map((share) => {
    const row: Record<string, string> = { network, share: String(share) };
    const errors = Object.entries(SETTINGS).map(([name, options]) => {
      const start = performance.now();
      for (let run = 0; run < RUNS; run++) chooseCounts(problem, share, options);
      row[`${name} (ms)`] = ((performance.now() - start) / RUNS).toFixed(0);
      return chooseCounts(problem, share, options);
    });
    const [exact, bucketed, thinned] = errors;
    row.points = String(exact.points);
    row["gap of the dual"] = `${(100 * (1 - exact.lowerBound / exact.error)).toFixed(3)} %`;
    row["above, buckets"] = `${(100 * (bucketed.error / exact.error - 1)).toFixed(3)} %`;
    row["above, thinned"] = `${(100 * (thinned.error / exact.error - 1)).toFixed(2)} %`;
    return row;
  })
);
console.log(formatTable(rows));

const LARGE_PROBLEMS = {
  "ResNet-50": resNet50Problem(1),
  "VGG-16 with Dense layers, parameters": vgg16ParamsProblem(1),
  "DenseNet block of 12 layers": denseNetProblem(12, 1),
  "DenseNet block of 24 layers": denseNetProblem(24, 1),
};
const large = Object.entries(LARGE_PROBLEMS).flatMap(([network, problem]) =>
  SHARES.map((share) => {
    const start = performance.now();
    const { error, lowerBound } = chooseCounts(problem, share);
    return {
      network,
      share: String(share),
      seconds: ((performance.now() - start) / 1000).toFixed(1),
      gap: lowerBound > 0 ? `${(100 * (1 - lowerBound / error)).toFixed(3)} %` : "not known",
    };
  })
);
console.log(formatTable(large));
