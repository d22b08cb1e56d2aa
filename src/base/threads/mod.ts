/** Threads of the process, the same in Deno, Node and Bun. */
export * from "./serve_thread.ts";
export * from "./thread.ts";
