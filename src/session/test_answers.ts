import { encodePicture, type InputValues } from "../data/mod.ts";
import type { Answers, Figures } from "../execution/mod.ts";
import { readPreprocessing } from "../model/mod.ts";
import type { Session } from "./session.ts";

/** The answers to the test images, before and after; `labels`, `before` and `after` are in the order of `images`. */
export interface TestAnswers {
  /** Names of the classes; answers and labels are indices into them. */
  readonly classes: readonly string[];
  /** Images that both networks answered, by index in the test split. */
  readonly images: readonly number[];
  /** The right class of each. */
  readonly labels: readonly number[];
  /** What the original answered. */
  readonly before: readonly number[];
  /** What the new network answers. */
  readonly after: readonly number[];
  /** Some images whose answer changed, the surest new answers first: right ones lost, right ones found, then others. */
  readonly changed: readonly ChangedAnswer[];
}

/** An image whose answer changed. */
export interface ChangedAnswer {
  /** Where the image comes from. */
  readonly source: string;
  /** Its right class. */
  readonly label: number;
  /** What the original answered. */
  readonly before: GivenAnswer;
  /** What the new network answers. */
  readonly after: GivenAnswer;
  /** The image as the network sees it, as a data URI of a PNG; absent where no input is an image of 1 or 3 channels. */
  readonly picture?: string;
}

/** An answer, and how sure the network was of it. */
export interface GivenAnswer {
  /** The likeliest class. */
  readonly class: number;
  /** Its probability. */
  readonly probability: number;
}

/** Images shown of each kind of change. */
const SHOWN = 12;
/** Pixels of the longer side of what is shown. */
const PICTURE_SIZE = 96;

interface Pair extends Pick<ChangedAnswer, "label" | "before" | "after"> {
  readonly image: number;
}

/**
 * Compares what two networks answer to the test images.
 *
 * @param session The data.
 * @param before Figures of the original, with its answers.
 * @param after Figures of the new network.
 * @returns All answers, and the images of some that changed; undefined where images were not classified.
 */
export async function compareAnswers(
  session: Pick<Session, "pool" | "file">,
  before: Pick<Figures, "answers">,
  after: Pick<Figures, "answers">,
): Promise<TestAnswers | undefined> {
  const { classes, test } = session.pool.local.dataset;
  if (!before.answers || !after.answers) return undefined;
  const pairs = pairAnswers(before.answers, after.answers, test.labels!);
  const changed = await Promise.all(
    pickChanged(pairs).map(async ({ image, ...answers }) => ({
      source: test.describe(image),
      ...answers,
      picture: await drawImage(session, image),
    })),
  );
  return {
    classes: classes!,
    images: pairs.map(({ image }) => image),
    labels: pairs.map(({ label }) => label),
    before: pairs.map((pair) => pair.before.class),
    after: pairs.map((pair) => pair.after.class),
    changed,
  };
}

/** Answers to the images that both networks were shown. */
function pairAnswers(before: Answers, after: Answers, labels: Int32Array): Pair[] {
  const places = new Map(Array.from(before.images, (image, place) => [image, place]));
  const answerAt = ({ classes, probabilities }: Answers, place: number): GivenAnswer => ({
    class: classes[place],
    probability: probabilities[place],
  });
  return Array.from(after.images).flatMap((image, place) => {
    const earlier = places.get(image);
    if (earlier === undefined) return [];
    const label = labels[image];
    return [{ image, label, before: answerAt(before, earlier), after: answerAt(after, place) }];
  });
}

function pickChanged(pairs: readonly Pair[]): Pair[] {
  const changed = pairs
    .filter(({ before, after }) => before.class !== after.class)
    .toSorted((a, b) => b.after.probability - a.after.probability);
  const kinds: ((pair: Pair) => boolean)[] = [
    ({ before, label }) => before.class === label,
    ({ after, label }) => after.class === label,
    ({ before, after, label }) => before.class !== label && after.class !== label,
  ];
  return kinds.flatMap((isKind) => changed.filter(isKind).slice(0, SHOWN));
}

/** Draws the first input that is a picture. */
async function drawImage(
  { pool, file }: Pick<Session, "pool" | "file">,
  image: number,
): Promise<string | undefined> {
  const { inputs } = readPreprocessing(file);
  const place = inputs.findIndex(({ shape }) =>
    shape.length === 3 && (shape[2] === 1 || shape[2] === 3)
  );
  if (place < 0) return undefined;
  const { test } = pool.local.dataset;
  const values = test.allocate();
  await test.read(image, values);
  const [height, width, channels] = inputs[place].shape;
  const picture = { data: toBytes(values[place]), height, width, channels: channels as 1 | 3 };
  const png = await encodePicture(picture, PICTURE_SIZE);
  const text = Array.from(png, (byte) => String.fromCharCode(byte)).join("");
  return `data:image/png;base64,${btoa(text)}`;
}

/** Floats from the least to the largest of them, since nothing says what is black and what is white. */
function toBytes(values: InputValues): Uint8Array {
  if (values instanceof Uint8Array) return values;
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const factor = most > least ? 255 / (most - least) : 0;
  return Uint8Array.from(values, (value) => Math.round(factor * (value - least)));
}
