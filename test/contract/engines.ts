import type { Program } from "../support/programs.ts";

/** What runs Secateur where only the files that are published are. */
export interface Engine {
  readonly name: string;
  /** Programs that have to be there for it, beside Deno. */
  readonly programs: readonly Program[];
  /** What stands ahead of a script. */
  readonly command: readonly string[];
  /** What stands between, to keep it from loading packages. */
  readonly isolation?: readonly string[];
  /** What the help says to stand there. */
  readonly shown: string;
}

/** Beside the Node that is there, those that are installed under names of their own. */
export const OTHER_NODES: readonly Engine[] = (["node22", "node24"] as const).map((name) => ({
  name,
  programs: [name],
  command: [name],
  shown: name,
}));

export const ENGINES: readonly Engine[] = [
  {
    name: "Deno",
    programs: [],
    command: [
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--no-remote",
      "--allow-read",
      "--allow-write",
    ],
    isolation: ["--no-npm"],
    shown: "deno run --allow-read --allow-write",
  },
  { name: "Node", programs: ["node"], command: ["node"], shown: "node" },
  { name: "Bun", programs: ["bun"], command: ["bun"], shown: "bun" },
];
