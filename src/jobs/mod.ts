/** Work that is done here or anywhere else. */
export * from "./job.ts";
export * from "./local_executor.ts";
