import type { JobEvent, Queue, QueueEvents } from "./bullmq.d.ts";

/** Callbacks for what happens in a queue. */
export interface QueueListener {
  /** A job has ended, well or not. */
  onEnd(id: string): void;
  /** A job says how far it is. */
  onProgress(id: string, share: number): void;
  /** The server was away and is there again. */
  onReturn(): void;
  /** The server has been away for as long as it may. */
  onLost(): void;
}

/**
 * Listens to a queue, and to whether its server is there.
 *
 * @param queue The queue.
 * @param events What happens in it.
 * @param listener The callbacks.
 * @param patienceMilliseconds How long the server may be away.
 * @returns Ends the listening.
 */
export async function listenToQueue(
  queue: Queue,
  events: QueueEvents,
  listener: QueueListener,
  patienceMilliseconds: number,
): Promise<() => void> {
  const ended = ({ jobId }: JobEvent) => listener.onEnd(jobId);
  const progressed = ({ jobId, data }: JobEvent) => listener.onProgress(jobId, Number(data));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const gone = () => {
    timer ??= setTimeout(() => listener.onLost(), patienceMilliseconds);
  };
  const returned = () => {
    clearTimeout(timer);
    timer = undefined;
    listener.onReturn();
  };
  const client = await queue.client;
  events.on("completed", ended).on("failed", ended).on("progress", progressed);
  client.on("close", gone);
  client.on("ready", returned);
  if (client.status !== "ready") gone();
  return () => {
    clearTimeout(timer);
    events.off("completed", ended).off("failed", ended).off("progress", progressed);
    client.off("close", gone);
    client.off("ready", returned);
  };
}
