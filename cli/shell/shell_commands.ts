import {
  type Figures,
  type FileOptions,
  InputError,
  refuseExistingFile,
  refuseExistingModel,
  refuseUnwritable,
  saveModel,
  type Workbench,
  WORKBENCH_DEFAULTS,
  type WorkbenchRun,
} from "../../src/mod.ts";
import type { Outputs } from "../output/outputs.ts";
import { describeCommand, withProvenance } from "../output/provenance.ts";
import { withProgress } from "../output/progress.ts";
import { describeReport } from "../output/prune_report.ts";
import { wordReport } from "../output/word_report.ts";
import { SHELL_OPTION_WORDS } from "./shell_option_words.ts";
import type { ReplCommand } from "./repl.ts";
import {
  describeAnswer,
  describeBudgetAnswer,
  describeEvaluation,
  describeLayers,
  describeNetwork,
} from "./shell_words.ts";
import { readTextFile, writeTextFile } from "../text_files.ts";

/** Prints an answer, as an object or as text. */
export type Print = (report: Outputs["shell"], text: string) => void;

const layers = { label: "layers" };
const share = { label: "share" };
const file = { label: "file" };
const force = { label: "force", description: "replace what stands there" };

/**
 * The commands of a session on a network, but for that which ends it.
 *
 * @param workbench The network.
 * @param print Prints answers.
 * @param written How models are written.
 * @returns The commands by name.
 */
export function createShellCommands(
  workbench: Workbench,
  print: Print,
  written: FileOptions = {},
): Record<string, ReplCommand> {
  const show = command("list the layers: channels kept, share lost, MACs", () => {
    const { layers, cost } = workbench;
    print({ layers, cost }, `${describeLayers(layers)}\n\n${describeNetwork(cost)}`);
  });
  const printNetwork = () => {
    const { cost, ratioList } = workbench;
    print({ cost, ratios: ratioList }, describeNetwork(cost));
  };
  const move = (isDone: boolean, what: string) => {
    if (!isDone) throw new InputError(`${what}: there is nothing to ${what}; give another command`);
    printNetwork();
  };
  return {
    keep: command(
      "keep a share of the input channels of a layer, of a pattern such as conv*, or of all",
      ({ layers, share }) => {
        const answer = workbench.keep(layers, readShare(share));
        print(answer, describeAnswer(answer));
      },
      [layers, share],
    ),
    budget: command(
      "let the budget policy choose all counts for a share of the MACs",
      async ({ share }, _options, signal) => {
        const report = await watched(
          signal,
          (run) => workbench.fillBudget(readShare(share), run),
        );
        print({ ...report, cost: workbench.cost }, describeBudgetAnswer(report, workbench.cost));
      },
      [share],
    ),
    show,
    list: { ...show, description: "the same as show" },
    eval: command(
      `measure the network as it stands, on ${WORKBENCH_DEFAULTS.images} held-out training images or so many`,
      async ({ images }, _options, signal) => {
        const count = images === undefined ? undefined : readCount(images);
        const found = await watched(signal, (run) => workbench.evaluate(count, run));
        const { before, after } = found;
        print(
          { before: withoutAnswers(before), after: withoutAnswers(after) },
          describeEvaluation(found),
        );
      },
      [{ label: "images", optional: true }],
    ),
    undo: command("take the last change back", () => move(workbench.undo(), "undo")),
    redo: command("make it once more", () => move(workbench.redo(), "redo")),
    reset: command("make every layer whole", () => {
      workbench.reset();
      printNetwork();
    }),
    save: {
      ...command(
        "cut and repair the network, as prune does with the same --effort, and write the model",
        ({ folder }, { force }, signal) =>
          saveNetwork(workbench, folder, { force, signal, print, written }),
        [{ label: "folder" }],
      ),
      options: [force],
      subcommands: {
        list: {
          ...command(
            "write the ratios for `prune --prune-option list --prune-list-file FILE`",
            ({ file }, { force }) => saveList(workbench, file, { force, print }),
            [file],
          ),
          options: [force],
        },
      },
    },
    load: command("keep what a ratio list says", async ({ file }) => {
      const text = await readTextFile("the ratio list", file, "ratios with commas between");
      const answer = workbench.load(text, file);
      print(answer, describeAnswer(answer));
    }, [file]),
  };
}

/** A command after which the session goes on. */
function command(
  description: string,
  act: (...given: Parameters<ReplCommand["run"]>) => void | Promise<void>,
  parameters: ReplCommand["parameters"] = [],
): ReplCommand {
  return {
    description,
    parameters,
    run: async (...given) => {
      await act(...given);
      return true;
    },
  };
}

/** Runs something that takes a while with progress, until it is done or interrupted. */
async function watched<Result>(
  signal: AbortSignal,
  work: (run: WorkbenchRun) => Promise<Result>,
): Promise<Result> {
  return await withProgress((onProgress) => work({ signal, onProgress }));
}

async function saveNetwork(
  workbench: Workbench,
  folder: string,
  { force, signal, print, written }: {
    force: boolean;
    signal: AbortSignal;
    print: Print;
    written: FileOptions;
  },
): Promise<void> {
  await refuseExistingModel(folder, { force, ...written });
  refuseUnwritable(folder, workbench.original, written);
  const ratios = workbench.ratioList;
  const { file, report: found } = await watched(signal, (run) => workbench.prune(run));
  const report = wordReport(found, SHELL_OPTION_WORDS);
  const record = { ...describeCommand(), ...report };
  const saved = await saveModel(folder, withProvenance(file, record, { ratios }), {
    ...written,
    force,
    signal,
  });
  workbench.markSaved();
  const { bytes } = saved;
  print({ out: folder, bytes, ratios, ...record }, describeReport(report, undefined, folder));
}

async function saveList(
  workbench: Workbench,
  path: string,
  { force, print }: { force: boolean; print: Print },
): Promise<void> {
  await refuseExistingFile(path, force);
  const ratios = workbench.ratioList;
  await writeTextFile("the ratio list", path, `${ratios}\n`);
  workbench.markSaved();
  print({ out: path, ratios }, `written to ${path}`);
}

/** Figures without what the network says of every image. */
function withoutAnswers({ answers: _, ...figures }: Figures): Omit<Figures, "answers"> {
  return figures;
}

function readShare(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InputError(
    `reading "${text}": wanted a number above 0 and at most 1; give such a share`,
  );
}

function readCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InputError(
    `reading "${text}": wanted a whole number of images of at least 1; give one, or none`,
  );
}
