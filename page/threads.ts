/**
 * How many threads do the work: one for each core where threads may share memory, which is so where the server of the page
 * sends the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy.
 *
 * @returns The number.
 */
export function threadCount(): number {
  return crossOriginIsolated ? Math.max(1, navigator.hardwareConcurrency) : 1;
}
