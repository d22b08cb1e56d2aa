import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import {
  appendSynced,
  differences,
  disk,
  fileError,
  InputError,
  makeFolder,
  option,
  parseJson,
  writeWholeFile,
} from "../../base/mod.ts";
import { isJsonObject } from "../../model/mod.ts";
import type { RunIdentity } from "../../session/mod.ts";

/** A line of the file; the first one says what the search is. */
export type JournalEntry = Readonly<Record<string, unknown>> & { readonly kind: string };

const VERSION = 5;

/**
 * What a search has found, appended line by line to a file of JSON objects, so that a search that is killed at any
 * time can go on.
 */
export class SearchJournal {
  /** The entries of the search so far, in order. */
  readonly entries: readonly JournalEntry[];
  readonly #path: string;

  private constructor(path: string, entries: readonly JournalEntry[]) {
    this.#path = path;
    this.entries = entries;
  }

  /**
   * Starts a journal anew.
   *
   * @param path The file; a file that is there is replaced.
   * @param identity What the search is.
   * @returns The journal, without entries.
   * @throws {InputError} When it cannot be written.
   */
  static async start(path: string, identity: RunIdentity): Promise<SearchJournal> {
    const journal = new SearchJournal(path, []);
    await journal.#write(() => makeFolder(dirname(path)));
    await writeWholeFile(path, lineOf({ kind: "search", version: VERSION, identity }));
    return journal;
  }

  /**
   * Opens a journal to go on from. A last line that was cut off is taken away.
   *
   * @param path The file.
   * @param identity What the search must be.
   * @returns The journal with its entries.
   * @throws {InputError} When there is none, it is damaged before its last line, or it belongs to a search with other
   * options, which are named.
   */
  static async open(path: string, identity: RunIdentity): Promise<SearchJournal> {
    const text = await readFile(path, "utf8").catch((cause) => {
      throw fileError(`reading the search journal ${path}`, cause);
    });
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const [first, ...entries] = parseLines(path, whole);
    if (first?.kind !== "search" || first.version !== VERSION) {
      throw new InputError([
        `reading the search journal ${path}: found ${first?.kind ?? "no line"} of version ` +
        `${
          JSON.stringify(first?.version)
        }, wanted a search of version ${VERSION}; start anew without `,
        option("resume"),
      ]);
    }
    const different = differences(first.identity as RunIdentity, identity);
    if (different.length > 0) {
      throw new InputError([
        `resuming from ${path}: found a search with ${different.join("; ")}; ` +
        "give what it was begun with, or start anew without ",
        option("resume"),
      ]);
    }
    const journal = new SearchJournal(path, entries);
    if (whole.length < text.length) {
      await journal.#write(() => disk.truncate(path, new TextEncoder().encode(whole).length));
    }
    return journal;
  }

  /**
   * The entries of one kind.
   *
   * @param kind The kind.
   * @param isWhole Whether an entry of it is as it was written.
   * @returns The entries, in order.
   * @throws {InputError} When one is not.
   */
  entriesOf(kind: string, isWhole: (entry: JournalEntry) => boolean): JournalEntry[] {
    const broken = this.entries.findIndex((entry) => entry.kind === kind && !isWhole(entry));
    // The line before the first entry says what the search is.
    if (broken >= 0) throw damagedLine(this.#path, broken + 1, `no ${kind}`);
    return this.entries.filter((entry) => entry.kind === kind);
  }

  /**
   * Appends an entry.
   *
   * @param entry The entry.
   * @throws {InputError} When it cannot be written.
   */
  async append(entry: JournalEntry): Promise<void> {
    await this.#write(() => appendSynced(this.#path, lineOf(entry)));
  }

  async #write(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw fileError(`writing the search journal ${this.#path}`, cause);
    }
  }
}

function lineOf(entry: JournalEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

function parseLines(path: string, text: string): JournalEntry[] {
  return text.split("\n").slice(0, -1).map((line, index) => {
    let entry: unknown;
    try {
      entry = parseJson(line);
    } catch (cause) {
      throw damagedLine(path, index, "no JSON", cause);
    }
    if (!isEntry(entry)) throw damagedLine(path, index, "no entry");
    return entry;
  });
}

function isEntry(value: unknown): value is JournalEntry {
  return isJsonObject(value) && typeof value.kind === "string";
}

function damagedLine(path: string, index: number, found: string, cause?: unknown): InputError {
  return new InputError([
    `reading the search journal ${path}: found ${found} in line ${index + 1}; ` +
    `cut the file off before it, or start anew without `,
    option("resume"),
  ], { cause });
}
