import { InputError } from "../base/mod.ts";

/** Names of the folder of the train split. */
const TRAIN_NAMES = ["train", "training"];

/** Names of the folder of the test split; the first one there is taken. */
const TEST_NAMES = ["test", "testing", "val", "valid", "validation"];

/** What may follow a split's name: `test_set`, `train-data`, `Training Images`. */
const SUFFIX = /[ _-]?(set|data|dataset|images|imgs|split)$/;

/** The folders of a data set's splits. */
export interface SplitFolders {
  /** That of the train split; absent where the data has no splits. */
  readonly train?: string;
  /** That of the test split. */
  readonly test?: string;
  /** Folders beside the train split that are not read. */
  readonly others: readonly string[];
}

/**
 * Whether a folder is called as splits are, in any case.
 *
 * @param name Its name.
 * @returns True for `train`, `Testing`, `val_set` and their like.
 */
export function isSplitName(name: string): boolean {
  return [...TRAIN_NAMES, ...TEST_NAMES].includes(plainName(name));
}

/**
 * Finds the folders of splits among those of a data set: `train` or `training`; `test`, `testing`, `val`, `valid` or
 * `validation`, the first one there. Upper and lower case are the same, and `_set`, `_data` and such may follow.
 *
 * @param place The data set, for messages.
 * @param names Names of its folders.
 * @returns The splits; none where no folder is called so.
 * @throws {InputError} When two folders have the same claim, or one for testing has none for training beside it.
 */
export function findSplits(place: string, names: readonly string[]): SplitFolders {
  const splits = names.filter(isSplitName);
  if (splits.length === 0) return { others: [] };
  const [train, otherTrain] = foldersCalled(names, TRAIN_NAMES);
  const [test, otherTest] = foldersCalled(names, TEST_NAMES);
  const isAmbiguous = (one?: string, other?: string) =>
    one !== undefined && other !== undefined && plainName(one) === plainName(other);
  if (otherTrain !== undefined || isAmbiguous(test, otherTest)) {
    const [one, other] = otherTrain === undefined ? [test, otherTest] : [train, otherTrain];
    throw new InputError(
      `opening ${place}: found ${one}/ and ${other}/, wanted one folder for each split; ` +
        "join them, or take one away",
    );
  }
  if (train === undefined) throw testAlone(place, test!, names.length === splits.length);
  return {
    train,
    ...(test && { test }),
    others: names.filter((name) => name !== train && name !== test),
  };
}

function testAlone(place: string, test: string, isAlone: boolean): InputError {
  const found = isAlone ? `${test}/ alone` : `${test}/ beside other folders`;
  const advice = isAlone
    ? `add it, or give ${test}/ itself`
    : `add it; if ${test} is the name of a class, rename its folder`;
  return new InputError(`opening ${place}: found ${found}, wanted train/ beside it; ${advice}`);
}

/** Folders that have one of some names, in the order of these. */
function foldersCalled(names: readonly string[], wanted: readonly string[]): string[] {
  return wanted.flatMap((plain) => names.filter((name) => plainName(name) === plain));
}

function plainName(name: string): string {
  return name.toLowerCase().replace(SUFFIX, "");
}
