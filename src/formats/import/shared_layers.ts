import { reachable } from "../../base/mod.ts";
import type { LayerConfig } from "../../model/mod.ts";

/** What of a layer says whether it is another one, called once more. */
export interface SharableLayer {
  readonly name: string;
  readonly className: string;
  readonly config: LayerConfig;
  /** Names of the layers it reads. */
  readonly inputs: readonly string[];
  readonly weights: Readonly<Record<string, { readonly values: Float32Array }>>;
  /** What its weights are made of; undefined where they are its own. */
  readonly origin?: string;
}

/** The place of a layer among the calls of another. */
export interface LayerPlace {
  /** Name of the layer that is called. */
  readonly layer: string;
  /** Which call it is. */
  readonly call: number;
}

/**
 * Finds layers that are one: made of the same constants of a file, with the same options, and with the same weights when all
 * is read. A tower that two images pass is one then, whose weights are there once. Layers of which one needs what
 * another makes stay layers of their own: their weights can change apart from one another.
 *
 * @param layers All layers, in the order of the file.
 * @returns For every layer the one that it is, itself where it is no other, and which call.
 */
export function findSharedLayers(layers: readonly SharableLayer[]): Map<string, LayerPlace> {
  const groups = groupLayers(layers);
  const ownerOf = new Map<string, string>();
  for (const [owner, ...others] of groups) {
    for (const { name } of [owner, ...others]) ownerOf.set(name, owner.name);
  }
  const sources = new Map<string, string[]>();
  const idOf = (name: string) => ownerOf.get(name) ?? name;
  for (const { name, inputs } of layers) {
    sources.set(idOf(name), [...sources.get(idOf(name)) ?? [], ...inputs.map(idOf)]);
  }
  const readsItself = (id: string) =>
    reachable(sources.get(id)!, (next) => sources.get(next)!).has(id);
  const places = new Map(layers.map(({ name }) => [name, { layer: name, call: 0 }]));
  for (const group of groups) {
    const [{ name: layer }] = group;
    if (readsItself(layer)) continue;
    group.forEach(({ name }, call) => places.set(name, { layer, call }));
  }
  return places;
}

/** Layers of one origin, with equal options and weights. */
function groupLayers(layers: readonly SharableLayer[]): SharableLayer[][] {
  const alike = Map.groupBy(
    layers.filter(({ origin }) => origin !== undefined),
    ({ origin, className, config }) => JSON.stringify([origin, className, { ...config, name: "" }]),
  );
  return [...alike.values()].flatMap((some) => {
    const groups: SharableLayer[][] = [];
    for (const layer of some) {
      const group = groups.find(([first]) => hasSameWeights(first, layer));
      if (group) group.push(layer);
      else groups.push([layer]);
    }
    return groups;
  }).filter(({ length }) => length > 1);
}

function hasSameWeights({ weights: first }: SharableLayer, { weights: second }: SharableLayer) {
  const roles = Object.keys(first);
  return roles.length === Object.keys(second).length && roles.every((role) => {
    const { values } = first[role], other = second[role]?.values;
    return other?.length === values.length && values.every((value, at) => value === other[at]);
  });
}
