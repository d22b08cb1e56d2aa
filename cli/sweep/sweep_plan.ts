import type { Option } from "@commander-js/extra-typings";
import { type DataOptions, InputError, parseJson } from "../../src/mod.ts";
import { normalizeArguments } from "../normalize_arguments.ts";
import { overridesOf } from "../options/input_flags.ts";
import { createPruneCommand, parsePruneArguments } from "../options/prune_options.ts";

/** One run of a sweep. */
export interface SweepPoint {
  /** Its folder below that of the sweep. */
  readonly name: string;
  /** The model by its name in the file. */
  readonly model: string;
  /** The options by their name in the file. */
  readonly options: string;
  /** Share of the target that is kept. */
  readonly budget: number;
  /** Where the model is. */
  readonly path: string;
  /** Where its images are. */
  readonly data: string;
  /** Options of `prune`, without data and out. */
  readonly args: readonly string[];
  /** What these say about preprocessing. */
  readonly preprocessing: DataOptions["preprocessing"];
}

/** What a sweep file may have, and what it is. */
const FIELDS = {
  data: "the folder of the images",
  models: "an object of models by name",
  options: "an object of options of `prune` by name",
  budgets: "a list of shares",
  common: "an object of options of `prune` for all runs",
};

/** Options of `prune` that a sweep gives itself. */
const OWN_OPTIONS = [
  ...["data", "out", "force", "resume", "json", "preserve-ratio", "budget"],
  ...["max-drop", "max-error"],
  ...["queue", "blobs", "attempts"],
];

/** Ways of choosing ratios that a share of the target says something to. */
const BUDGETED = ["auto", "budget"];

/** A name that is a folder's too. */
const NAME = /^[A-Za-z0-9][\w.-]*$/;

/**
 * Reads a sweep file: models × options × budgets.
 *
 * @param text Its content.
 * @param path Its path, for messages.
 * @returns The runs.
 * @throws {InputError} When it is no such file, with the place in it.
 */
export function parseSweep(text: string, path: string): SweepPoint[] {
  const file = new SweepFile(path);
  const fields = file.objectOf(parseContent(text, path), "it", Object.keys(FIELDS));
  const common = file.argsOf(fields.common ?? {}, "common");
  const models = file.modelsOf(fields.models, fields.data);
  const options = file.entriesOf(fields.options, "options")
    .map(([name, flags]) => ({ name, args: file.argsOf(flags, `options.${name}`) }));
  const budgets = file.budgetsOf(fields.budgets);
  return models.flatMap(({ name: model, path, data }) =>
    options.flatMap((option) => {
      const args = [...common, ...option.args];
      const preprocessing = preprocessingOf(path, args);
      return budgets.map((budget) => ({
        name: [model, option.name, budget].join("_"),
        model,
        options: option.name,
        budget,
        path,
        data,
        preprocessing,
        args: [...args, `--preserve-ratio=${budget}`],
      }));
    })
  );
}

function parseContent(text: string, path: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new InputError(
      `reading ${path}: ${(error as Error).message}, wanted JSON; mend the file`,
    );
  }
}

/** Reads the parts of a sweep file; what is wrong is said with the place. */
class SweepFile {
  readonly #path: string;
  readonly #options = createPruneCommand().options;

  constructor(path: string) {
    this.#path = path;
  }

  /** An object; with names given, one that has no others. */
  objectOf(value: unknown, place: string, names?: readonly string[]): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#refuse(place, value, "an object");
    }
    const other = names && Object.keys(value).find((name) => !names.includes(name));
    if (other !== undefined) this.#refuse(place, other, `one of ${names!.join(", ")}`);
    return value as Record<string, unknown>;
  }

  /** The entries of an object, at least one, whose names can be part of a folder's. */
  entriesOf(value: unknown, place: keyof typeof FIELDS): [string, unknown][] {
    const entries = Object.entries(this.objectOf(value, place));
    if (entries.length === 0) this.#refuse(place, value, FIELDS[place]);
    for (const [name] of entries) {
      if (!NAME.test(name)) this.#refuse(place, name, "a name of letters, digits, - . and _");
    }
    return entries;
  }

  modelsOf(value: unknown, data: unknown): { name: string; path: string; data: string }[] {
    return this.entriesOf(value, "models").map(([name, model]) => {
      const place = `models.${name}`;
      const fields = typeof model === "string"
        ? { model }
        : this.objectOf(model, place, ["model", "data"]);
      const images = "data" in fields ? fields.data : data;
      return {
        name,
        path: this.#textOf(fields.model, place, "the model's path"),
        data: this.#textOf(images, place, "a folder of images here or as data of the whole file"),
      };
    });
  }

  budgetsOf(value: unknown): number[] {
    if (!Array.isArray(value) || value.length === 0) {
      this.#refuse("budgets", value, FIELDS.budgets);
    }
    const wrong = value.find((share) => typeof share !== "number" || !(share > 0 && share <= 1));
    if (wrong !== undefined) this.#refuse("budgets", wrong, "a share above 0, at most 1");
    const twice = value.find((share, index) => value.indexOf(share) !== index);
    if (twice !== undefined) this.#refuse("budgets", twice, "every budget once");
    return value;
  }

  /** Options of `prune` as arguments; their values are checked as the command would. */
  argsOf(value: unknown, place: string): string[] {
    return Object.entries(this.objectOf(value, place)).flatMap(([name, given]) => {
      const at = `${place}.${name}`;
      const isValue = ["string", "number", "boolean"].includes(typeof given);
      if (!isValue && !Array.isArray(given)) {
        this.#refuse(at, given, "a number, a text, true, false or a list");
      }
      const written = given === true ? `--${name}` : `--${name}=${given}`;
      const [, ...args] = normalizeArguments(["prune", written]);
      for (const argument of args) this.#checkArgument(argument, at);
      return args;
    });
  }

  #checkArgument(argument: string, place: string): void {
    const [long, value] = splitOnce(argument);
    const option = this.#options.find((each) => each.long === long) as Option | undefined;
    if (OWN_OPTIONS.includes(long.slice(2))) {
      this.#refuse(place, long, "an option that the sweep does not give itself");
    }
    if (option === undefined) this.#refuse(place, long, "an option that `prune --help` has");
    if (option.isBoolean() && value !== undefined) this.#refuse(place, value, "true");
    if (long === "--prune-option" && !BUDGETED.includes(value!)) {
      this.#refuse(place, value, `one of ${BUDGETED.join(", ")}, which keep to a budget`);
    }
    if (option.required && value === undefined) this.#refuse(place, true, "a value");
    if (value === undefined) return;
    try {
      option.parseArg?.(value, undefined as never);
    } catch (error) {
      this.#refuse(place, value, wantedBy(error as Error));
    }
  }

  #textOf(value: unknown, place: string, wanted: string): string {
    if (typeof value !== "string" || value === "") this.#refuse(place, value, wanted);
    return value;
  }

  #refuse(place: string, found: unknown, wanted: string): never {
    const text = found === undefined ? "nothing" : JSON.stringify(found);
    throw new InputError(
      `reading ${this.#path}: found ${text} in ${place}, wanted ${wanted}; mend the file`,
    );
  }
}

/** What a parser of options wanted. */
function wantedBy({ message }: Error): string {
  return message.replace(/^Allowed choices are /, "one of ").replace(/^Wanted /, "")
    .replace(/\.\s*$/, "");
}

/** What checked arguments say about preprocessing; where data and model lie has no say in it. */
function preprocessingOf(model: string, args: readonly string[]) {
  const { flags } = parsePruneArguments([model, ...args, "--data", "", "--out", ""]);
  return overridesOf(flags);
}

function splitOnce(argument: string): [string, string | undefined] {
  const mark = argument.indexOf("=");
  return mark < 0 ? [argument, undefined] : [argument.slice(0, mark), argument.slice(mark + 1)];
}
