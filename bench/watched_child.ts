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
  let peak = 0;
  const watch = setInterval(async () => {
    peak = Math.max(peak, await peakMemory(child.pid));
  }, LOOK_EVERY_MS);
  const { success, stdout, stderr } = await child.output();
  clearInterval(watch);
  const seconds = (performance.now() - start) / 1000;
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), peak, seconds };
}

/** Peak resident memory of a process so far, in MiB. */
async function peakMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Math.round(Number(status.match(/VmHWM:\s+(\d+)/)?.[1] ?? 0) / 1024);
}
