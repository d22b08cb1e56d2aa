import process from "node:process";
import cliProgress from "cli-progress";
import type { Progress, ProgressListener } from "../../src/mod.ts";
import { currentAudience, currentVerbosity, say } from "./messages.ts";
import { stageTimes } from "./stage_times.ts";

/** Progress on the terminal, of which nothing is left when it is cleared. */
interface ProgressDisplay {
  show: ProgressListener;
  clear(): void;
}

/**
 * Shows progress on standard error while something runs: a bar with the time left on a terminal, a line per stage
 * elsewhere, an object per step for programs, and nothing under `--quiet`.
 *
 * @param work What to run; it is handed the listener for the library.
 * @returns What it gives.
 */
export async function withProgress<Result>(
  work: (onProgress: ProgressListener) => Promise<Result>,
): Promise<Result> {
  const display = currentVerbosity() === "quiet"
    ? NO_DISPLAY
    : currentAudience() === "programs"
    ? OBJECTS
    : process.stderr.isTTY
    ? createBar()
    : createLines();
  try {
    return await work((progress) => {
      stageTimes.enter(progress.stage);
      display.show(progress);
    });
  } finally {
    stageTimes.end();
    display.clear();
  }
}

const NO_DISPLAY: ProgressDisplay = { show() {}, clear() {} };

/** One object for every step, for programs. */
const OBJECTS: ProgressDisplay = {
  show(progress: Progress) {
    console.error(JSON.stringify(progress));
  },
  clear() {},
};

function createLines(): ProgressDisplay {
  let shown = "";
  return {
    show({ stage }: Progress) {
      if (stage !== shown) say(stage);
      shown = stage;
    },
    clear() {},
  };
}

/** The bar leaves cursor and line wrapping of the terminal alone: an interrupt has nothing to put back. */
function createBar(): ProgressDisplay {
  let shown = "";
  const bar = new cliProgress.SingleBar({
    format: formatBar,
    barsize: 30,
    linewrap: true,
    clearOnComplete: true,
    stream: process.stderr,
  }, cliProgress.Presets.shades_classic);
  return {
    show({ stage, detail = "", done, total }: Progress) {
      if (stage !== shown) {
        bar.stop();
        bar.start(total, done, { stage, detail });
      }
      shown = stage;
      bar.update(done, { detail });
    },
    clear: () => bar.stop(),
  };
}

/** The line of the bar; `eta` is a word instead of a number while it is not known. */
function formatBar(
  options: cliProgress.Options,
  { progress, eta }: { progress: number; eta: number | string },
  { stage, detail }: { stage: string; detail: string },
): string {
  const left = typeof eta === "number" ? `, ${formatDuration(eta)} left` : "";
  const bar = cliProgress.Format.BarFormat(progress, options);
  return `${stage} [${bar}] ${Math.floor(100 * progress)} %${left} ${detail}`;
}

/** Seconds as people say them. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
