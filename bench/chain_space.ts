import type { SearchSpace } from "../src/pruning/policy/auto/search_space.ts";

/** Units in a chain, as wide as ResNet-20's. */
export function chainSpace(length: number): SearchSpace {
  const widths = Array.from(
    { length },
    (_, unit) => 16 * 2 ** Math.floor(3 * unit / length),
  );
  const units = widths.map((channels, index) => {
    const side = 512 / channels;
    const features = { filters: channels, height: side, width: side, stride: 1 };
    const counts = Array.from({ length: channels }, (_, count) => count + 1);
    const macs = 9 * (channels * side) ** 2;
    return { name: `unit ${index}`, counts, features: { ...features, macs } };
  });
  const terms = units.slice(1).map(({ features }, index) => ({
    units: [index, index + 1],
    cost: (inputs: number, outputs: number) => 9 * features.height ** 2 * inputs * outputs,
  }));
  return { units, terms };
}
