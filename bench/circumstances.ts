/** What a figure was measured on. */
export interface Circumstances {
  /** The commit, in short; "unknown" without git. */
  readonly commit: string;
  /** The day. */
  readonly date: string;
  readonly machine: {
    readonly cpu: string | undefined;
    readonly cores: number;
    /** Processes that wanted a core before it. */
    readonly loadBefore: number;
  };
}

/** Describes what is measured on from now. */
export async function describeCircumstances(): Promise<Circumstances> {
  const cpu = (await Deno.readTextFile("/proc/cpuinfo")).match(/model name\s*: (.*)/)?.[1];
  return {
    commit: await currentCommit(),
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu,
      cores: navigator.hardwareConcurrency,
      loadBefore: +Deno.loadavg()[0].toFixed(2),
    },
  };
}

async function currentCommit(): Promise<string> {
  try {
    const git = new Deno.Command("git", { args: ["rev-parse", "--short", "HEAD"] });
    const { stdout } = await git.output();
    return new TextDecoder().decode(stdout).trim() || "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "unknown";
    throw error;
  }
}
