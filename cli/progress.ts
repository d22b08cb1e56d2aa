import cliProgress from "cli-progress";
import type { Progress, ProgressListener } from "../src/mod.ts";

/**
 * Shows progress on standard error: a bar with the time left on a terminal, a line per stage elsewhere.
 *
 * @returns The listener to hand to the library.
 */
export function createProgressBar(): ProgressListener {
  return Deno.stderr.isTerminal() ? barListener() : lineListener();
}

function lineListener(): ProgressListener {
  let shown = "";
  return ({ stage }: Progress) => {
    if (stage === shown) return;
    shown = stage;
    console.error(stage);
  };
}

function barListener(): ProgressListener {
  let shown = "";
  let bar: cliProgress.SingleBar | undefined;
  return ({ stage, detail = "", done, total }: Progress) => {
    if (stage !== shown) {
      bar?.stop();
      shown = stage;
      bar = new cliProgress.SingleBar({
        format: "{stage} [{bar}] {percentage} %, {eta_formatted} left {detail}",
        hideCursor: true,
        etaBuffer: 20,
        stream: process.stderr,
      }, cliProgress.Presets.shades_classic);
      bar.start(total, done, { stage, detail });
    }
    bar!.update(done, { detail });
    if (done >= total) {
      bar!.stop();
      shown = "";
    }
  };
}
