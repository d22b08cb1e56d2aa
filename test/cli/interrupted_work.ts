import { untilInterrupted } from "../../cli/interrupt.ts";

/** Works until the signal is raised; the timer keeps the process alive meanwhile. */
function work(signal: AbortSignal): Promise<never> {
  const timer = setTimeout(() => {}, 60_000);
  console.error("working");
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    })
  );
}

await untilInterrupted(work).catch(({ name, message }) => console.log(`${name}: ${message}`));
