/**
 * Builds a network of real size with random weights, and images for it.
 *
 *     deno run --allow-all bench/real_networks/build.ts NAME IMAGES FOLDER COUNT
 *
 * NAME is resnet50, mobilenet-v2, vgg16, unet or yolo; IMAGES is a folder of 32×32 images in folders of their classes
 * (the train split of CIFAR-10); FOLDER receives the network and COUNT images without labels in FOLDER/images-SIZE.
 *
 * Kernels are drawn from N(0, 2 / fan-in) (He et al. 2015, arXiv 1502.01852); BatchNormalization has the statistics of
 * some of the images, as after training.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { decodeImage } from "../../src/data/decode_image.ts";
import { saveModel } from "../../src/formats/mod.ts";
import { startBackend } from "../../src/kernels/mod.ts";
import { captureModel } from "../../src/model/mod.ts";
import { writeMosaics } from "./mosaics.ts";
import { REAL_NETWORKS, type RealNetwork } from "./networks.ts";

/** Images that the statistics of BatchNormalization are of; a large one has positions enough. */
const statisticsImages = (size: number) => size > 256 ? 1 : 4;

const PREPROCESS = { scale: 1, mean: [127.5], std: [63.75] };

/**
 * Builds a network and its images.
 *
 * @param name One of {@link REAL_NETWORKS}.
 * @param source Folder of 32×32 images, in folders of their classes.
 * @param folder Where they go.
 * @param count Number of images.
 * @param networks Others than these.
 * @returns Paths of the model and of the folder of images.
 */
export async function buildRealNetwork(
  name: string,
  source: string,
  folder: string,
  count: number,
  networks: Readonly<Record<string, RealNetwork>> = REAL_NETWORKS,
): Promise<{ model: string; images: string }> {
  const network = networks[name];
  if (network === undefined) throw new Error(`no network ${name}`);
  const { size, file } = network;
  const images = join(folder, `images-${size}`);
  await writeMosaics(source, images, count, size);
  await startBackend();
  const model = layOut(network);
  await estimateStatistics(model, images, size);
  const captured = await captureModel(model, { path: name });
  const path = join(folder, file);
  const metadata = { preprocess: { ...PREPROCESS, inputSize: [size, size] } };
  await saveModel(path, { ...captured, metadata });
  return { model: path, images };
}

function layOut({ size, layOut }: RealNetwork): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [size, size, 3] });
  return tf.model({ inputs: image, outputs: layOut(image) });
}

/** Runs the network once as in training, with statistics that forget all that was before. */
async function estimateStatistics(
  model: tf.LayersModel,
  images: string,
  size: number,
): Promise<void> {
  const count = statisticsImages(size);
  const pixels = new Float32Array(count * size * size * 3);
  for (let image = 0; image < count; image++) {
    const { data, channels } = await decodeImage(await Deno.readFile(join(images, `${image}.png`)));
    for (let pixel = 0; pixel < size * size; pixel++) {
      for (let color = 0; color < 3; color++) {
        const value = (data[pixel * channels + color] - PREPROCESS.mean[0]) / PREPROCESS.std[0];
        pixels[(image * size * size + pixel) * 3 + color] = value;
      }
    }
  }
  const normalizations = model.layers.filter((layer) =>
    layer.getClassName() === "BatchNormalization"
  ) as unknown as { momentum: number }[];
  const { momentum } = normalizations[0] ?? { momentum: 0 };
  for (const layer of normalizations) layer.momentum = 0;
  tf.tidy(() => {
    model.apply(tf.tensor4d(pixels, [count, size, size, 3]), { training: true });
  });
  for (const layer of normalizations) layer.momentum = momentum;
}

if (import.meta.main) {
  const [name, source, folder, count] = Deno.args;
  console.log(await buildRealNetwork(name, source, folder, Number(count)));
}
