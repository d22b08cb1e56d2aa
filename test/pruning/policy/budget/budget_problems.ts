import type { CostTerm } from "../../../../src/cost/cost_term.ts";
import type {
  BudgetProblem,
  BudgetUnit,
} from "../../../../src/pruning/policy/budget/budget_problem.ts";
import { createRandom, type Random } from "../../../../src/base/random.ts";

/** How units are tied to each other. */
export type Shape = "path" | "star" | "tree" | "cycle" | "triples" | "loose";

/** All shapes. */
export const shapes: readonly Shape[] = ["path", "star", "tree", "cycle", "triples", "loose"];

function pairsOf(shape: Shape, units: number, random: Random): number[][] {
  const others = Array.from({ length: units - 1 }, (_, index) => index + 1);
  switch (shape) {
    case "path":
      return others.map((unit) => [unit - 1, unit]);
    case "star":
      return others.map((unit) => [0, unit]);
    case "tree":
      return others.map((unit) => [Math.floor(random() * unit), unit]);
    case "cycle":
      return [...others.map((unit) => [unit - 1, unit]), [units - 1, 0]];
    case "triples":
      return others.slice(1).map((unit) => [unit, unit - 2, unit - 1]);
    case "loose":
      return others.map((unit) => [unit]);
  }
}

/**
 * A small random problem: 2 to 5 options a unit, errors in no particular order, costs that need not grow with counts, a
 * term of one unit and a constant.
 */
export function randomProblem(shape: Shape, seed: number): BudgetProblem {
  const random = createRandom(seed);
  const draw = (limit: number) => Math.floor(random() * limit);
  const units = Array.from({ length: 5 }, (_, index): BudgetUnit => {
    const options = 2 + draw(4);
    const counts = Array.from({ length: options }, (_, option) => 2 * option + 1);
    const errors = counts.map((_, option) => option === options - 1 ? 0 : draw(50) / 7);
    return { name: `unit ${index}`, counts, errors };
  });
  const terms = pairsOf(shape, units.length, random).map((scope): CostTerm => {
    const coefficient = 1 + draw(9);
    const detour = draw(20);
    const cost = (...counts: number[]) =>
      coefficient * counts.reduce((product, count) => product * count, 1) +
      (counts[0] < 3 ? detour : 0);
    return { units: scope, cost };
  });
  const own = { units: [draw(5)], cost: (count: number) => 5 * count };
  return { units, terms: [...terms, own, { units: [], cost: () => 11 }] };
}

/** Falling errors as reconstruction gives them. */
function fallingErrors(channels: number, random: Random): number[] {
  const [scale, power] = [0.5 + random(), 1 + 3 * random()];
  return Array.from(
    { length: channels },
    (_, index) => scale * (1 - (index + 1) / channels) ** power * (1 + 0.02 * random()),
  );
}

function unitOf(name: string, channels: number, random: Random): BudgetUnit {
  const counts = Array.from({ length: channels }, (_, index) => index + 1);
  return { name, counts, errors: fallingErrors(channels, random) };
}

const convolution = (coefficient: number) => (inputs: number, outputs: number) =>
  coefficient * inputs * outputs;

/** The units and multiply–accumulates of a VGG-16 for 32 × 32 images. */
export function vgg16Problem(seed: number): BudgetProblem {
  const random = createRandom(seed);
  const widths = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];
  const sides = [32, 32, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2];
  const units = widths.map((width, index) => unitOf(`conv${index + 1}`, width, random));
  const first = { units: [0], cost: (count: number) => 27 * 32 ** 2 * count };
  const others = sides.slice(1).map((side, index) => ({
    units: [index, index + 1],
    cost: convolution(9 * side ** 2),
  }));
  return { units, terms: [first, ...others] };
}

/** The units and multiply–accumulates of a ResNet-(6n + 2) for 32 × 32 images whose streams are coupled. */
export function resNetProblem(blocks: number, seed: number): BudgetProblem {
  const random = createRandom(seed);
  const units = [unitOf("stem", 16, random)];
  const terms: CostTerm[] = [{ units: [0], cost: (count) => 27 * 32 ** 2 * count }];
  let source = 0;
  for (const [stage, width] of [16, 32, 64].entries()) {
    const positions = (32 / 2 ** stage) ** 2;
    const stream = units.push(unitOf(`stream ${stage + 1}`, width, random)) - 1;
    for (let block = 0; block < blocks; block++) {
      const inner = units.push(unitOf(`block ${stage + 1}.${block + 1}`, width, random)) - 1;
      const input = block === 0 ? source : stream;
      terms.push({ units: [input, inner], cost: convolution(9 * positions) });
      terms.push({ units: [inner, stream], cost: convolution(9 * positions) });
      if (block === 0) terms.push({ units: [input, stream], cost: convolution(positions) });
    }
    source = stream;
  }
  return { units, terms };
}

/** The units and multiply–accumulates of a ResNet-50 for 224 × 224 images whose streams are coupled. */
export function resNet50Problem(seed: number): BudgetProblem {
  const random = createRandom(seed);
  const units = [unitOf("stem", 64, random)];
  const terms: CostTerm[] = [{ units: [0], cost: (count) => 147 * 112 ** 2 * count }];
  let source = 0;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage;
    const positions = (56 / 2 ** stage) ** 2;
    const stream = units.push(unitOf(`stream ${stage + 1}`, 4 * width, random)) - 1;
    for (let block = 0; block < blocks; block++) {
      const name = `block ${stage + 1}.${block + 1}`;
      const first = units.push(unitOf(`${name} a`, width, random)) - 1;
      const second = units.push(unitOf(`${name} b`, width, random)) - 1;
      const input = block === 0 ? source : stream;
      terms.push({ units: [input, first], cost: convolution(positions) });
      terms.push({ units: [first, second], cost: convolution(9 * positions) });
      terms.push({ units: [second, stream], cost: convolution(positions) });
      if (block === 0) terms.push({ units: [input, stream], cost: convolution(positions) });
    }
    source = stream;
  }
  return { units, terms };
}

/** The units and parameters of a VGG-16 for 224 × 224 images, Dense layers and all. */
export function vgg16ParamsProblem(seed: number): BudgetProblem {
  const random = createRandom(seed);
  const widths = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512, 4096, 4096];
  const units = widths.map((width, index) => unitOf(`layer ${index + 1}`, width, random));
  const terms = widths.slice(1).map((_, index) => ({
    units: [index, index + 1],
    cost: convolution(index < 12 ? 9 : index === 12 ? 49 : 1),
  }));
  const first = { units: [0], cost: (count: number) => 27 * count };
  const last = { units: [14], cost: (count: number) => 1000 * count };
  return { units, terms: [first, ...terms, last] };
}

/** The units and multiply–accumulates of a DenseNet: every layer of a block reads all that the layers before it make. */
export function denseNetProblem(layers: number, seed: number): BudgetProblem {
  const random = createRandom(seed);
  const units = [unitOf("stem", 64, random)];
  const terms: CostTerm[] = [{ units: [0], cost: (count) => 147 * 56 ** 2 * count }];
  const growths = [0];
  for (let layer = 0; layer < layers; layer++) {
    const inner = units.push(unitOf(`layer ${layer} a`, 128, random)) - 1;
    const read = [...growths];
    terms.push(...read.map((source) => ({ units: [source, inner], cost: convolution(784) })));
    const growth = units.push(unitOf(`layer ${layer} b`, 32, random)) - 1;
    terms.push({ units: [inner, growth], cost: convolution(9 * 784) });
    growths.push(growth);
  }
  return { units, terms };
}
