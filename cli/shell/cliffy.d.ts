/**
 * What the shell uses of cliffy 2.5.1. Its own declarations bring those of Node 6 with them, which take the place of
 * today's in every file of a type check.
 */

/** A command of the REPL. */
export interface Command {
  /** Does it. */
  action(parameters: Record<string, unknown>, options: Record<string, boolean>): Promise<void>;
  /** A line for `help`. */
  description?: string;
  /** What may stand behind it as `@label`. */
  options?: { label: string; description?: string }[];
  /** Words behind it, in order. */
  parameters?: { label: string; optional?: boolean }[];
  /** Commands that the next word may name instead. */
  subcommands?: Record<string, Command>;
}

/** The REPL. */
export class CLI {
  /** Reads lines of `input` and writes its prompt, and nothing else, to `output`. */
  constructor(
    options: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream; quietBlank: boolean },
  );
  /** Adds commands by name. */
  addCommands(commands: Record<string, Command>): this;
  /** Begins to ask for lines. */
  show(): this;
  /** Asks for no more. */
  hide(): this;
}
