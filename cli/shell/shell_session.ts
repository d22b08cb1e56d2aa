import type { Readable, Writable } from "node:stream";
import { type FileOptions, InputError, type Workbench, WorkerError } from "../../src/mod.ts";
import { describeFailure, messageOf } from "../failures.ts";
import { type ReplCommand, runRepl } from "./repl.ts";
import { createShellCommands, type Print } from "./shell_commands.ts";
import { completeShell } from "./shell_completion.ts";
import { SHELL_OPTION_WORDS } from "./shell_option_words.ts";
import { formatCount } from "../output/table.ts";

/** Where a session happens. */
export interface ShellStreams {
  /** Commands, one a line. */
  readonly input: Readable;
  /** The terminal's screen. */
  readonly output: Writable;
  /** Whether somebody sits there. */
  readonly isTerminal: boolean;
  /** Prints an answer. */
  readonly print: Print;
  /** Says what is no answer. */
  readonly note: (text: string) => void;
}

/**
 * Runs a session of commands on a network. When it ends with counts that are not saved, their list is said.
 *
 * @param workbench The network.
 * @param streams Where it happens.
 * @param written How models are written.
 * @throws What a command throws, where nobody sits there.
 */
export async function runShell(
  workbench: Workbench,
  { input, output, isTerminal, print, note }: ShellStreams,
  written: FileOptions = {},
): Promise<void> {
  const commands: Record<string, ReplCommand> = {
    ...createShellCommands(workbench, print, written),
    exit: createExit(workbench, isTerminal, note),
  };
  if (isTerminal) {
    const { layers, cost, name } = workbench;
    note(
      `${name}: ${layers.length} convolutions and Dense layers, ${
        formatCount(cost.macs.before)
      } MACs; type help`,
    );
  }
  try {
    await runRepl({
      commands,
      input,
      output,
      isTerminal,
      prompt: "secateur> ",
      complete: (words) => completeShell(words, commands, workbench.layers.map(({ name }) => name)),
      onFailure: (error) => {
        if (error instanceof WorkerError) throw error;
        note(describeFailure(error, SHELL_OPTION_WORDS));
      },
    });
  } catch (error) {
    throw inWordsOfSession(error);
  } finally {
    if (!workbench.isSaved) {
      note(`not saved; \`load\` reads these ratios from a file:\n${workbench.ratioList}`);
    }
  }
}

/** An error that ends a session speaks of what was typed in it. */
function inWordsOfSession(error: unknown): unknown {
  return error instanceof InputError
    ? new InputError(messageOf(error, SHELL_OPTION_WORDS), { cause: error })
    : error;
}

/** On a terminal, unsaved counts are left by a second `exit` alone. */
function createExit(
  workbench: Workbench,
  isTerminal: boolean,
  note: (text: string) => void,
): ReplCommand {
  let warnedOf: string | undefined;
  return {
    description: "end the session",
    run: () => {
      const list = workbench.ratioList;
      const canLeave = workbench.isSaved || !isTerminal || warnedOf === list;
      if (!canLeave) note("not saved: `save list FILE` keeps the ratios; exit again leaves them");
      warnedOf = list;
      return Promise.resolve(!canLeave);
    },
  };
}
