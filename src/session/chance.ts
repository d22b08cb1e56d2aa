import { type Notice, option } from "../base/mod.ts";
import type { Figures } from "../execution/mod.ts";
import { presetNames } from "../model/mod.ts";
import type { Session } from "./session.ts";

/** Below so many images chance is hard to tell from anything. */
const FEWEST_IMAGES = 20;

/**
 * Tells whether a network knows no more of its images than chance. Answers that have nothing to do with the labels are right
 * in a share p of the images, with N images in p ± √(p(1 − p) / N):
 *
 *     p = Σ share of label k · share of answer k        (1 / classes, where all labels are the same)
 *
 * So a network that always gives the same answer is found too, however the classes are shared out.
 *
 * @param session The data.
 * @param figures Figures of the original network.
 * @param split What they were measured on.
 * @returns What to say: a notice when the accuracy is at most two deviations above p.
 */
export function noticeOfChance(
  { pool, inputs }: Pick<Session, "inputs" | "pool">,
  { accuracy, answers }: Pick<Figures, "accuracy" | "answers">,
  split: "train" | "test",
): Notice[] {
  const { classes = [], [split]: { labels } } = pool.local.dataset;
  const count = answers?.images.length ?? 0;
  if (accuracy === undefined || !answers || !labels || count < FEWEST_IMAGES) return [];
  const share = shareByChance(
    Array.from(answers.images, (image) => labels[image]),
    answers.classes,
    classes.length,
  );
  if (accuracy > share + 2 * Math.sqrt(share * (1 - share) / count)) return [];
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  return [[
    `the accuracy of the original, ${percent(accuracy)} of ${count} images, is no better than ` +
    `chance (${percent(share)}): either the images are not prepared as in training, or the ` +
    "classes are in another order, or it has hardly been trained; try another ",
    option("preset"),
    ` (${
      presetNames(inputs[0].shape.at(-1)).join(", ")
    }), or give the names of the model's classes in the order of its ` +
    "outputs with ",
    option("classes"),
  ]];
}

function shareByChance(labels: readonly number[], answers: Int32Array, classes: number): number {
  const [labelCounts, answerCounts] = [new Array(classes).fill(0), new Array(classes).fill(0)];
  for (const label of labels) labelCounts[label]++;
  for (const answer of answers) answerCounts[answer]++;
  const total = labels.length;
  if (labelCounts.includes(total)) return 1 / classes;
  return labelCounts.reduce((sum, count, label) => sum + count * answerCounts[label], 0) /
    total ** 2;
}
