import type { TestAnswers } from "../session/mod.ts";

/** Answers counted by right class and given class. */
export class Tally {
  readonly #counts = new Map<number, Map<number, number>>();

  /**
   * Counts answers.
   *
   * @param labels Right classes.
   * @param answers Classes given.
   */
  constructor(labels: readonly number[], answers: readonly number[]) {
    labels.forEach((label, image) => {
      const row = this.#counts.get(label) ?? new Map<number, number>();
      row.set(answers[image], (row.get(answers[image]) ?? 0) + 1);
      this.#counts.set(label, row);
    });
  }

  /** Images of a class that got some answer. */
  count(label: number, answer: number): number {
    return this.#counts.get(label)?.get(answer) ?? 0;
  }

  /** Images of a class. */
  images(label: number): number {
    return this.#counts.get(label)?.values().reduce((sum, count) => sum + count, 0) ?? 0;
  }

  /** Share of the images of a class that are answered rightly; undefined without any. */
  accuracy(label: number): number | undefined {
    const images = this.images(label);
    return images === 0 ? undefined : this.count(label, label) / images;
  }
}

/**
 * The classes that a chart has room for.
 *
 * @param answers The answers.
 * @param room How many.
 * @returns All classes where they fit; otherwise those in which most answers changed, in their own order.
 */
export function pickClasses(
  { classes, labels, before, after }: TestAnswers,
  room: number,
): number[] {
  const all = classes.map((_, index) => index);
  if (all.length <= room) return all;
  const changes = new Float64Array(classes.length);
  labels.forEach((label, image) => {
    if (before[image] !== after[image]) changes[label]++;
  });
  return all.toSorted((a, b) => changes[b] - changes[a]).slice(0, room).toSorted((a, b) => a - b);
}

/** Names that differ, also where those of a data set do not. */
export function distinctNames(classes: readonly string[]): string[] {
  return classes.map((name, index) =>
    classes.indexOf(name) === index ? name : `${name} (class ${index})`
  );
}
