import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { PassThrough, type Readable, Writable } from "node:stream";
// @ts-types="./cliffy.d.ts"
import { CLI, type Command } from "cliffy";
import { closest } from "fastest-levenshtein";
import { InputError } from "../../src/mod.ts";
import { keepAtInterrupt, untilInterrupted } from "../interrupt.ts";

/** A command of a session. */
export interface ReplCommand {
  /** A line for `help`. */
  readonly description: string;
  /** Words behind it, in order. */
  readonly parameters?: readonly { readonly label: string; readonly optional?: boolean }[];
  /** Switches, which are typed as `@label` or `--label`. */
  readonly options?: readonly { readonly label: string; readonly description: string }[];
  /** Commands that the next word may name instead. */
  readonly subcommands?: Readonly<Record<string, ReplCommand>>;
  /**
   * Does it.
   *
   * @param words The words behind it, by label; optional ones may lack.
   * @param options Which switches were given.
   * @param signal Raised by an interrupt.
   * @returns Whether the session goes on.
   */
  run(
    words: Readonly<Record<string, string>>,
    options: Readonly<Record<string, boolean>>,
    signal: AbortSignal,
  ): Promise<boolean>;
}

/** Where a session happens. */
export interface ReplOptions {
  /** The commands by name; `help` is there already. */
  readonly commands: Readonly<Record<string, ReplCommand>>;
  /** Lines. */
  readonly input: Readable;
  /** Receives prompt and line editing, on a terminal. */
  readonly output: Writable;
  /** Whether somebody sits there: lines are asked for and edited, and a failure does not end the session. */
  readonly isTerminal: boolean;
  /** What asks for a line. */
  readonly prompt: string;
  /** Words that could stand in the place of the last one of a line. */
  readonly complete: (words: readonly string[]) => Promise<readonly string[]>;
  /** Receives failures that do not end the session. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Runs a session of commands with cliffy 2.5.1, which takes lines apart, checks the number of words, calls commands and
 * prints help. What it cannot do is done here, around it:
 *
 * - It forgets lines that arrive while a command runs, so it is handed one line whenever it asks for one, which it shows by
 *   writing its prompt.
 * - It has neither tab completion nor interrupts nor an end of input, so another readline reads the terminal.
 * - It marks switches by `@`; `--` is read so too.
 * - It takes a word apart at every character but letters, digits, `_`, `@`, `-` and `.`, so words are quoted for it.
 * - It prints what a command throws, and answers words that do not fit with help alone, so that nobody learns of a failure.
 *
 * @param options Commands and streams.
 * @throws What a command throws, and InputError for a line that is no command, where nobody sits there.
 */
export async function runRepl(options: ReplOptions): Promise<void> {
  const { commands, isTerminal, onFailure } = options;
  const lines = new Lines(options);
  const engine = new Engine(commands);
  try {
    for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
      try {
        if (!await engine.answer(line)) return;
      } catch (error) {
        if (!isTerminal) throw error;
        onFailure(error);
      }
    }
  } finally {
    engine.close();
    lines.close();
  }
}

type Outcome = { readonly goesOn: boolean } | { readonly failure: unknown };

/** Cliffy, handed one line at a time. */
class Engine {
  readonly #commands: ReplOptions["commands"];
  readonly #cli: CLI;
  readonly #feed = new PassThrough();
  /** Settled when cliffy asks for a line. */
  #asked = Promise.withResolvers<void>();
  /** What became of the command that was called last. */
  #outcome: Outcome | undefined;

  constructor(commands: ReplOptions["commands"]) {
    this.#commands = commands;
    const output = new Writable({
      write: (_chunk, _encoding, done) => {
        this.#asked.resolve();
        done();
      },
    });
    this.#cli = new CLI({ input: this.#feed, output, quietBlank: true });
    this.#cli.addCommands(this.#wrapAll(commands));
    this.#cli.show();
  }

  /** Carries a line out; says whether the session goes on. */
  async answer(line: string): Promise<boolean> {
    const words = splitWords(line);
    if (words.length === 0) return true;
    const [name] = words;
    const isHelp = name === "help";
    if (!isHelp && !Object.hasOwn(this.#commands, name)) this.#refuse(name);
    const text = `${words.map((word) => quoteWord(markSwitch(word))).join(" ")}\n`;
    await this.#asked.promise;
    this.#asked = Promise.withResolvers();
    this.#outcome = undefined;
    this.#feed.write(text);
    await this.#asked.promise;
    const outcome = this.#outcome as Outcome | undefined;
    if (outcome === undefined && !isHelp) {
      throw new InputError(
        `reading "${line.trim()}": wanted the words that \`help ${name}\` names; give these`,
      );
    }
    if (outcome && "failure" in outcome) throw outcome.failure;
    return outcome?.goesOn ?? true;
  }

  close(): void {
    this.#cli.hide();
  }

  /** Cliffy takes what a table inherits for commands. */
  #wrapAll(commands: ReplOptions["commands"]): Record<string, Command> {
    const entries = Object.entries(commands).map(([name, command]) => [name, this.#wrap(command)]);
    return { __proto__: null, ...Object.fromEntries(entries) };
  }

  #wrap({ description, parameters = [], options = [], subcommands, run }: ReplCommand): Command {
    return {
      description,
      ...(subcommands && { subcommands: this.#wrapAll(subcommands) }),
      parameters: [...parameters],
      options: [...options],
      action: async (words, given) => {
        try {
          keepAtInterrupt(() => "this command has changed nothing");
          const goesOn = await untilInterrupted((signal) =>
            run(words as Record<string, string>, given, signal)
          );
          this.#outcome = { goesOn };
        } catch (failure) {
          this.#outcome = { failure };
        }
      },
    };
  }

  #refuse(name: string): never {
    const names = [...Object.keys(this.#commands), "help"];
    throw new InputError(
      `reading "${name}": found no such command, the nearest is \`${closest(name, names)}\`; ` +
        `there are ${names.join(", ")}`,
    );
  }
}

/** The lines of a terminal, with editing, history and tab completion, or of a pipe. */
class Lines {
  readonly #reader: Interface;
  readonly #isTerminal: boolean;
  readonly #waiting: string[] = [];
  #hasEnded = false;
  #wake = () => {};

  constructor({ input, output, isTerminal, prompt, complete }: ReplOptions) {
    this.#isTerminal = isTerminal;
    this.#reader = createInterface({
      input,
      output: isTerminal ? output : undefined,
      terminal: isTerminal,
      prompt,
      completer: (line: string, callback: (error: null, found: [string[], string]) => void) => {
        const words = line.trimStart().split(/\s+/);
        const answer = (found: readonly string[]) => callback(null, [[...found], words.at(-1)!]);
        complete(words).then(answer, () => answer([]));
      },
    });
    this.#reader.on("line", (line) => {
      this.#waiting.push(line);
      this.#wake();
    });
    this.#reader.on("close", () => {
      this.#hasEnded = true;
      this.#wake();
    });
    this.#reader.on("SIGINT", () => this.#interrupt());
  }

  /** The next line; undefined when there is none any more. */
  async next(): Promise<string | undefined> {
    if (this.#isTerminal && this.#waiting.length === 0 && !this.#hasEnded) this.#reader.prompt();
    while (this.#waiting.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#waiting.shift();
  }

  close(): void {
    this.#reader.close();
  }

  /** A terminal whose lines are edited sends a key instead of a signal. It drops the line where no command runs. */
  #interrupt(): void {
    if (process.listenerCount("SIGINT") > 0) process.emit("SIGINT");
    else {
      this.#reader.write(null, { ctrl: true, name: "e" });
      this.#reader.write(null, { ctrl: true, name: "u" });
    }
  }
}

/** Words with blanks between; those in quotes may have some inside. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map(([word, double, single]) =>
    double ?? single ?? word
  );
}

function markSwitch(word: string): string {
  return word.replace(/^--(?=\w)/, "@");
}

function quoteWord(word: string): string {
  const quote = word.includes('"') ? "'" : '"';
  if (word !== "" && !word.includes(quote)) return quote + word + quote;
  throw new InputError(
    `reading '${word}': wanted a word with one kind of quotes at most; rename the file`,
  );
}
