import { Option } from "@commander-js/extra-typings";
import { nameList, positiveInteger, positiveNumber } from "./parsers.ts";

/** `--nb-batches`: how many images statistics are gathered from. */
export const batchesOption = new Option(
  "--nb-batches <n>",
  "batches for selection and reconstruction (default: 7,680 images, fewer where a pass over them takes more than 1.5e12 multiply-accumulates, 256 at least) (cp_nb_batches)",
).argParser(positiveInteger);

/** `--nb-points-per-layer`: how many positions of an image are. */
export const pointsOption = new Option(
  "--nb-points-per-layer <n>",
  "sampled positions per image and layer (default: as many as give thirty samples for each input of the layer, ten at least) (cp_nb_points_per_layer)",
).argParser(positiveInteger);

/** `--ridge`: how strongly fits hold on to the old weights. */
export const ridgeOption = new Option(
  "--ridge <number>",
  "pull towards the old weights, as a share of the mean diagonal of the Gram matrix of inputs of unit spread (default: chosen for every layer, by fitting half of the images and looking at the other half)",
).argParser(positiveNumber);

/** `--skip`: what is not cut. */
export const skipOption = new Option(
  "--skip <layers>",
  "names of convolutions and Dense layers that stay whole, with commas between",
).argParser(nameList);
