/** Timers and signals get their turn: long work on one thread need not wait for anything by itself. */
export function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
