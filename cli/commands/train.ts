import { createTrainCommand } from "../options/train_options.ts";
import { printTuning } from "../options/tuning_options.ts";
import { runTrain } from "../train_run.ts";

/** `train --net N --data D --out DIR`. */
export const trainCommand = createTrainCommand()
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur train --net resnet8 --data cli/example/fashion-mnist --out trained \\\n" +
      "    --epochs 5 --validation-images 500\n",
  )
  .action(async (flags) => printTuning(await runTrain(flags), flags));
