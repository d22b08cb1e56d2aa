/**
 * Runs something that an interrupt (Ctrl-C) is to end in good order rather than at once.
 *
 * @param work What to run; its signal is raised by the interrupt.
 * @returns What it gives.
 */
export async function untilInterrupted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Error("interrupted; nothing was written"));
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    return await work(controller.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}
