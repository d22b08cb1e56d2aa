/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { holdLifeline } from "./lifeline.ts";
import { recordError, type WorkerRequest, type WorkerResponse } from "./messages.ts";
import { Station } from "./station.ts";

let station: Station | undefined;

async function answer(request: WorkerRequest): Promise<unknown> {
  if ("lifeline" in request) return await holdLifeline(request.lifeline);
  if ("open" in request) {
    station = await Station.open(request.open);
    return undefined;
  }
  const method = station![request.method] as (...args: unknown[]) => Promise<unknown>;
  return await method.apply(station, request.args);
}

/** The arrays of an answer, which is made for it: they change threads rather than being copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const members = Object.values(value ?? {}).filter((member) => ArrayBuffer.isView(member));
  return [...new Set(members.map(({ buffer }) => buffer as ArrayBuffer))];
}

self.onmessage = async ({ data }: MessageEvent<WorkerRequest>) => {
  let response: WorkerResponse;
  try {
    response = { id: data.id, value: await answer(data) };
  } catch (error) {
    response = { id: data.id, error: recordError(error) };
  }
  self.postMessage(response, "value" in response ? buffersOf(response.value) : []);
};
