/** Seconds of a thread for a multiply–accumulate of a forward pass, and for a byte of an activation that is made. */
const MAC_TIME = 1 / 1.8e10, BYTE_TIME = 1e-9;

/**
 * What a forward pass takes on one thread, about, on the machine of bench/results/size.md.
 *
 * @param macs Multiply–accumulates.
 * @param bytes Bytes of the activations that are made.
 * @returns Seconds.
 */
export function forwardSeconds(macs: number, bytes: number): number {
  return macs * MAC_TIME + bytes * BYTE_TIME;
}
