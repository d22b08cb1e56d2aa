/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { startBackend } from "../kernels/mod.ts";
import { measureLatency } from "./latency.ts";
import type { StockAnswer, StockRequest } from "./on_stock.ts";
import { timeLayers } from "./time_layers.ts";

async function answer(request: StockRequest): Promise<unknown> {
  await startBackend();
  return "shapes" in request
    ? await timeLayers(request.shapes)
    : await measureLatency(request.files, request.options);
}

self.onmessage = async ({ data }: MessageEvent<StockRequest>) => {
  let response: StockAnswer;
  try {
    response = { value: await answer(data) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    response = { error: { name, message } };
  }
  self.postMessage(response);
};
