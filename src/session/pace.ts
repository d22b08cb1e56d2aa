import { InputError } from "../base/mod.ts";
import { networkCost } from "../cost/mod.ts";
import type { Session } from "./session.ts";
import type { ImageSelection } from "./workers/replica_images.ts";

/** Images that are timed, after as many that warm up: fewer of a large network, so that its forecast takes seconds. */
const TIMED_IMAGES = 200, TIMED_MACS = 4e10;

/**
 * Times some images on their way through a network, with all threads at work: what a run is foretold by.
 *
 * @param session The network and its data, opened.
 * @param images Images that may be timed, of a split.
 * @returns Seconds of an image.
 */
export async function timeImages(
  { pool, file, graph }: Pick<Session, "pool" | "file" | "graph">,
  { split, indices }: Pick<ImageSelection, "split" | "indices">,
): Promise<number> {
  const affordable = Math.ceil(TIMED_MACS / Math.max(1, networkCost(graph).macs));
  const timed = Math.min(TIMED_IMAGES, Math.max(2 * pool.size, affordable));
  const images = {
    split,
    indices: indices.subarray(0, timed),
    batchSize: Math.ceil(timed / 2 / pool.size),
    isTrial: true,
  };
  await pool.evaluate(file, images);
  const start = performance.now();
  await pool.evaluate(file, images);
  return (performance.now() - start) / 1000 / images.indices.length;
}

/** What a run that looks at every image once is going to do. */
export interface PassForecast {
  /** Number of images. */
  readonly images: number;
  /** About how long that takes, in seconds, by the time that some images took. */
  readonly seconds: number;
}

/** Of all images of a pass this share is timed at most, so that the forecast is cheap beside what it is of. */
const TIMED_SHARE = 1 / 20;

/**
 * Tells about how long a network takes for some images.
 *
 * @param session The network and its data, opened.
 * @param images The images.
 * @returns The forecast; its seconds are rough.
 */
export async function forecastPass(
  session: Pick<Session, "pool" | "file" | "graph">,
  { split, indices }: Pick<ImageSelection, "split" | "indices">,
): Promise<PassForecast> {
  const { length: images } = indices;
  const some = indices.subarray(0, Math.ceil(TIMED_SHARE * images));
  const pace = await timeImages(session, { split, indices: some });
  return { images, seconds: images * pace };
}

/**
 * Tells a forecast, where one is wanted. Images that cannot be timed leave a run without one: what is wrong with them is the
 * run's to say, which may bear it.
 *
 * @param tell Receives the forecast.
 * @param make Makes it.
 */
export async function tellForecast<T>(
  tell: ((forecast: T) => void) | undefined,
  make: () => Promise<T>,
): Promise<void> {
  if (tell === undefined) return;
  let forecast: T;
  try {
    forecast = await make();
  } catch (error) {
    if (error instanceof InputError) return;
    throw error;
  }
  tell(forecast);
}
