/**
 * A thread that closes itself, or is closed, says nothing to the one that waits for its answers: no error, no event.
 * But it lets go of its locks. So each holds one for as long as it lives, and the other waits for that lock.
 *
 * Deno has the Web Locks API since 2.9, as yet without types; where it is missing, such an end stays unnoticed.
 */
interface Locks {
  request(
    name: string,
    options: { signal?: AbortSignal },
    callback: () => unknown,
  ): Promise<unknown>;
}

const { locks } = navigator as { locks?: Locks };

/**
 * Takes a lock and keeps it until this thread ends.
 *
 * @param name A name of its own.
 * @returns Resolved when the lock is held.
 */
export async function holdLifeline(name: string): Promise<void> {
  const held = Promise.withResolvers<void>();
  locks?.request(name, {}, () => {
    held.resolve();
    return new Promise(() => {});
  });
  if (locks) await held.promise;
}

/**
 * Waits for the end of the thread that holds a lock.
 *
 * @param name Name of the lock, which is held already.
 * @param signal Ends the waiting.
 * @param onEnd Called when the thread has ended.
 */
export function watchLifeline(name: string, signal: AbortSignal, onEnd: () => void): void {
  locks?.request(name, { signal }, onEnd).catch(() => {});
}
