import { createRandom, shuffledIndices } from "../base/mod.ts";
import type { ImageSet } from "./dataset.ts";
import { selectImages } from "./image_set.ts";

/** Fixed, so that every command of every run sets the same images aside. */
const SPLIT_SEED = 20170719;

/**
 * Sets a fifth of every class aside as the test split.
 *
 * The choice is random within each class and the same on every call with the same labels. A class of fewer than five
 * images gives one, a class of one image gives none. Images without classes are one class.
 *
 * @param set All images.
 * @returns Both splits, each in the order of the whole set.
 */
export function setAsideTest(set: ImageSet): { train: ImageSet; test: ImageSet } {
  const byClass = new Map<number, number[]>();
  for (let index = 0; index < set.length; index++) {
    const label = set.labels?.[index] ?? 0;
    const members = byClass.get(label);
    if (members) members.push(index);
    else byClass.set(label, [index]);
  }
  const aside = new Set<number>();
  for (const [label, members] of byClass) {
    const count = members.length < 2 ? 0 : Math.max(1, Math.floor(members.length / 5));
    const order = shuffledIndices(members.length, createRandom(SPLIT_SEED, label));
    for (const position of order.subarray(0, count)) aside.add(members[position]);
  }
  const indices = Int32Array.from({ length: set.length }, (_, index) => index);
  return {
    train: selectImages(set, indices.filter((index) => !aside.has(index))),
    test: selectImages(set, indices.filter((index) => aside.has(index))),
  };
}
