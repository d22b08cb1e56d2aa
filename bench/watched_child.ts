/** How a process ended. */
export interface WatchedChild {
  /** Whether its exit code was 0. */
  readonly success: boolean;
  /** Its standard output. */
  readonly stdout: string;
  /** Its standard error. */
  readonly stderr: string;
  /** Most resident memory that it had, in MiB; Linux alone tells, elsewhere it is 0. */
  readonly peak: number;
  /** Wall time. */
  readonly seconds: number;
}

const LOOK_EVERY_MS = 100;

/**
 * Runs `secateur` in a process of its own and watches its memory.
 *
 * @param args The command and its arguments.
 * @returns How it went.
 */
export async function runSecateur(args: readonly string[]): Promise<WatchedChild> {
  const permissions = ["--quiet", "--no-prompt", "--allow-read", "--allow-write"];
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, "cli/main.ts", ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const watch = watchPeak(() => peakMemory(child.pid));
  const { success, stdout, stderr } = await child.output();
  const peak = watch.end();
  const seconds = (performance.now() - start) / 1000;
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), peak, seconds };
}

/**
 * Watches memory until it is told to end.
 *
 * @param look Tells the memory, in MiB; 0 when it cannot.
 * @returns What ends it and gives the most that was seen.
 */
export function watchPeak(look: () => Promise<number>): { end(): number } {
  let peak = 0;
  const watch = setInterval(async () => {
    peak = Math.max(peak, await look());
  }, LOOK_EVERY_MS);
  return {
    end() {
      clearInterval(watch);
      return peak;
    },
  };
}

/** Peak resident memory of a process so far, in MiB; 0 when it cannot be told. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Math.round(Number(status.match(/VmHWM:\s+(\d+)/)?.[1] ?? 0) / 1024);
}
