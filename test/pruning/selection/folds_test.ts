import assert from "node:assert/strict";
import {
  checkRidge,
  chooseRidge,
  conditionHalves,
  typicalRidge,
} from "../../../src/pruning/selection/folds.ts";
import { createObsSelector } from "../../../src/pruning/selection/obs.ts";
import type { Problem } from "../../../src/pruning/selection/problem.ts";
import { reconstruct } from "../../../src/pruning/selection/reconstruction.ts";
import { standardize } from "../../../src/pruning/selection/standardize.ts";
import type { Kernels } from "../../../src/kernels/load.ts";
import { conditionMoments } from "../../../src/kernels/conditional_moments.ts";
import { centerMoments, type Moments } from "../../../src/kernels/moments.ts";
import { testBothBuilds } from "../../kernels/both_builds.ts";
import {
  drawImages,
  errorOnSamples,
  halvedMoments,
  type ImageSamples,
  sliceImages,
} from "../../reference/halves.ts";
import { naiveMoments } from "../../reference/moments.ts";
import { randomArray, relativeDifference } from "../../reference/samples.ts";

const D = 64, N = 3;
/** Some channels matter more than others. */
const WEIGHTS = randomArray(D * N, 1).map((value, at) => value * 2 ** -(Math.floor(at / N) % 5));

function problemOf(moments: Moments, weights = WEIGHTS): Problem {
  return {
    moments,
    weights,
    positions: D,
    channelOf: Int32Array.from({ length: D }, (_, channel) => channel),
    channels: D,
  };
}

function meansOf({ x, y }: ImageSamples): { x: Float64Array; y: Float64Array } {
  const { count, sumX, sumY } = naiveMoments(x, y, x.length / D, D, N);
  return { x: sumX.map((sum) => sum / count), y: sumY.map((sum) => sum / count) };
}

/** The images of one half. */
function pickHalf({ x, y, points }: ImageSamples, half: number): ImageSamples {
  const isIn = (at: number, width: number) => Math.floor(at / width / points) % 2 === half;
  return {
    x: x.filter((_, at) => isIn(at, D)),
    y: y.filter((_, at) => isIn(at, N)),
    points,
  };
}

function momentsOf({ x, y }: ImageSamples): Moments {
  return centerMoments(naiveMoments(x, y, x.length / D, D, N));
}

testBothBuilds("a ridge is tried out as two plain fits on two plain halves are", (kernels) => {
  for (const images of [6, 7, 40]) {
    const samples = drawImages(images, 4, WEIGHTS, D, images);
    const kept = Array.from({ length: D / 2 }, (_, channel) => 2 * channel);
    const ridge = 0.03;
    const problem = problemOf(halvedMoments(samples, D));
    const { relativeError } = checkRidge(kernels, problem, kept, ridge);
    const total = problem.moments.sumYY.reduce((sum, value) => sum + value, 0);
    let expected = 0;
    for (const half of [0, 1]) {
      const [fitted, tried] = [pickHalf(samples, half), pickHalf(samples, 1 - half)];
      const own = reconstruct(kernels, problemOf(momentsOf(fitted)), kept, { ridge: 2 * ridge });
      const triedTotal = momentsOf(tried).sumYY.reduce((sum, value) => sum + value, 0);
      expected += triedTotal * errorOnSamples(tried, D, own.weights, meansOf(fitted)) / total;
    }
    assert.ok(Math.abs(relativeError! - expected) < 1e-5 * expected, `${relativeError}`);
  }
});

testBothBuilds("the ridge that is chosen is the best of those around it", (kernels) => {
  const rows = Array.from({ length: D }, (_, row) => row);
  for (const images of [4, 16, 64, 256]) {
    const noisy = WEIGHTS.map((value, at) => value + 0.3 * randomArray(D * N, 2)[at]);
    const problem = problemOf(halvedMoments(drawImages(images, 3, WEIGHTS, D, images), D), noisy);
    const { ridge, relativeError } = chooseRidge(kernels, problem, rows);
    assert.equal(checkRidge(kernels, problem, rows, ridge).relativeError, relativeError);
    for (const factor of [1e-4, 1e-2, 1e2, 1e4]) {
      assert.ok(
        checkRidge(kernels, problem, rows, factor * ridge).relativeError! >= relativeError!,
      );
    }
  }
});

testBothBuilds("of one image a guess is made, and the fit stands", (kernels) => {
  const problem = problemOf(halvedMoments(drawImages(1, 5, WEIGHTS, D, 3), D));
  const { ridge, relativeError } = chooseRidge(kernels, problem, [0, 1, 2]);
  assert.ok(ridge > 0);
  assert.equal(relativeError, undefined);
  const { weights } = reconstruct(kernels, problem, [0, 1, 2]);
  assert.ok(weights.every(Number.isFinite));
});

const ALL = drawImages(10_000, 2, WEIGHTS, D, 5);

/** A layer that loses half of its channels: what it reports, and what it then loses on images that nobody has seen. */
function loseHalf(
  kernels: Kernels,
  images: number,
): { said: number; told: number; found: number } {
  const samples = sliceImages(ALL, [0, images], D, N);
  const problem = problemOf(halvedMoments(samples, D));
  const selector = createObsSelector(kernels, [problem]);
  const { kept } = selector.keep(D / 2);
  const fit = reconstruct(kernels, problem, kept);
  const fresh = sliceImages(ALL, [8000, 10_000], D, N);
  return {
    told: selector.errorAt(D / 2),
    said: fit.relativeError,
    found: errorOnSamples(fresh, D, fit.weights, meansOf(samples)),
  };
}

testBothBuilds(
  "errors of 128, 512 and 7,680 images stand in the order of what is lost on unseen ones",
  (kernels) => {
    const runs = [128, 512, 7680].map((images) => loseHalf(kernels, images));
    for (const [index, { said, told, found }] of runs.entries()) {
      if (index === 0) continue;
      const fewer = runs[index - 1];
      const note = JSON.stringify([fewer, runs[index]]);
      assert.ok(found < fewer.found && said < fewer.said && told < fewer.told, note);
      assert.ok(Math.abs(said - found) < 0.2 * found, `${said} is said, ${found} is lost`);
      assert.ok(Math.abs(told - found) < 0.2 * found, `${told} is told, ${found} is lost`);
    }
  },
);

testBothBuilds("scaled channels and outputs give the same fit in their own units", (kernels) => {
  const samples = drawImages(30, 4, WEIGHTS, D, 8);
  const inputs = Array.from({ length: D }, (_, channel) => 2 ** (channel % 7 - 3));
  const outputs = [8, 0.25, 1];
  const scaled = {
    ...samples,
    x: samples.x.map((value, at) => value * inputs[at % D]),
    y: samples.y.map((value, at) => value * outputs[at % N]),
  };
  const scale = (at: number) => outputs[at % N] / inputs[Math.floor(at / N)];
  const scaledWeights = WEIGHTS.map((value, at) => value * scale(at));
  const importance = Float64Array.of(1, 4, 2);
  const run = (problem: Problem, weights: Float64Array) => {
    const standard = standardize(problem, weights);
    const { kept } = createObsSelector(kernels, [standard]).keep(D / 2);
    return { kept, ...reconstruct(kernels, standard, kept) };
  };
  const wanted = run(problemOf(halvedMoments(samples, D)), importance);
  const found = run(
    problemOf(halvedMoments(scaled, D), scaledWeights),
    importance.map((value, o) => value / outputs[o] ** 2),
  );
  assert.deepEqual(found.kept, wanted.kept);
  assert.ok(Math.abs(found.relativeError - wanted.relativeError) < 1e-9);
  const unscaled = found.weights.map((value, at) => value / scale(at));
  assert.ok(relativeDifference(unscaled, wanted.weights) < 1e-6);
});

testBothBuilds("what is conditioned on other rows is tried out while these follow", (kernels) => {
  const samples = sliceImages(ALL, [0, 60], D, N);
  const open = () => standardize(problemOf(halvedMoments(samples, D)));
  const own = Int32Array.from({ length: D / 2 }, (_, channel) => 2 * channel);
  const others = own.map((channel) => channel + 1);
  const { moments, weights } = open();
  const ridge = typicalRidge(kernels, open());
  const [conditioned] = conditionMoments(kernels, { moments, weights, ridge }, [own]);
  const problem: Problem = {
    ...problemOf(conditioned, weights.filter((_, at) => Math.floor(at / N) % 2 === 0)),
    positions: own.length,
    channelOf: own.map((_, channel) => channel),
    channels: own.length,
    total: moments.sumYY.reduce((sum, value) => sum + value, 0),
    trials: conditionHalves(kernels, open(), ridge, [own])![0],
  };
  const selector = createObsSelector(kernels, [problem]);
  const { kept, ridges } = selector.keep(D / 8);
  const rows = [...Array.from(kept, (channel) => own[channel]), ...others];
  const fit = reconstruct(kernels, open(), rows);
  assert.ok(ridges[0] > 0);
  const said = selector.errorAt(D / 8);
  assert.ok(
    Math.abs(said - fit.relativeError) < 0.05 * fit.relativeError,
    `${said}, not ${fit.relativeError}`,
  );
});
