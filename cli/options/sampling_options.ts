import { Option } from "@commander-js/extra-typings";
import { CALIBRATION_DEFAULTS } from "../../src/mod.ts";
import { positiveInteger } from "./parsers.ts";

/** `--nb-batches`: how many images statistics are gathered from. */
export const batchesOption = new Option(
  "--nb-batches <n>",
  "batches for selection and reconstruction (cp_nb_batches)",
).argParser(positiveInteger).default(CALIBRATION_DEFAULTS.batches);

/** `--nb-points-per-layer`: how many positions of an image are. */
export const pointsOption = new Option(
  "--nb-points-per-layer <n>",
  "sampled positions per image and layer (cp_nb_points_per_layer)",
).argParser(positiveInteger).default(CALIBRATION_DEFAULTS.pointsPerImage);
