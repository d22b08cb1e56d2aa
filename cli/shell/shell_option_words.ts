import type { OptionWords } from "../../src/mod.ts";
import { OPTION_FLAGS } from "../options/option_flags.ts";

/**
 * What a session calls the options of the library that its messages name: those of its own commands by what stands behind
 * these, others by the flags that the session was begun with.
 */
export const SHELL_OPTION_WORDS: OptionWords = {
  ...OPTION_FLAGS,
  names: { ...OPTION_FLAGS.names, force: "@force", share: "the share" },
};
