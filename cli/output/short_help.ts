import { type CommandUnknownOpts, Help, type Option } from "@commander-js/extra-typings";

/** What stands behind `--help` for the options that a command's short help leaves out. */
export const ALL = "--all";

/** The options that people need of commands that have many. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  prune: [
    "--data",
    "--out",
    "--effort",
    "--preserve-ratio",
    "--max-drop",
    "--epochs",
    "--fold",
    "--quantize",
  ],
  train: [
    "--net",
    "--data",
    "--out",
    "--epochs",
    "--learning-rate",
    "--batch-size",
    "--seed",
    "--resume",
  ],
  finetune: [
    "--data",
    "--out",
    "--teacher",
    "--epochs",
    "--learning-rate",
    "--resume",
    "--fold",
    "--quantize",
  ],
  pocketflow: [
    "--learner",
    "--exec-mode",
    "--model",
    "--data",
    "--prune-option",
    "--uniform-preserve-ratio",
    "--preserve-ratio",
    "--nb-epochs-rat",
  ],
};

/** A help with the options that people need alone, under one heading. */
class ShortHelp extends Help {
  /** Commander also asks for options to find one that is alike to one that is wrong: all of them are told then. */
  #isPrinted = false;

  override prepareContext(context: Parameters<Help["prepareContext"]>[0]): void {
    super.prepareContext(context);
    this.#isPrinted = true;
  }

  override visibleOptions(command: CommandUnknownOpts): Option[] {
    const needed = NEEDED[command.name()];
    const options = super.visibleOptions(command);
    if (!this.#isPrinted) return options;
    const wanted = needed.map((name) => options.find(({ long }) => long === name)!);
    return [...wanted, ...options.filter(({ long }) => long === "--help")];
  }

  override groupItems<Item>(_: Item[], shown: Item[]): Map<string, Item[]> {
    return new Map([["Options:", shown]]);
  }
}

/**
 * Has the help of a command show the options that people need, where it has many, and say how the others are shown.
 *
 * @param command The command.
 */
export function shortenHelp(command: CommandUnknownOpts): void {
  const needed = NEEDED[command.name()];
  const options = command.createHelp().visibleOptions(command)
    .filter(({ long }) => long !== "--help");
  if (needed === undefined || options.length <= needed.length) return;
  const left = options.length - needed.length;
  command.createHelp = () => Object.assign(new ShortHelp(), command.configureHelp());
  command.addHelpText(
    "after",
    `\nThe other ${left} options, in groups:\n  deno task secateur ${command.name()} --help ${ALL}\n`,
  );
}
