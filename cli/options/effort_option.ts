import { Option } from "@commander-js/extra-typings";

/**
 * `--effort`: how much is done where no other option says it.
 *
 * @param hint What the help says of its default, where commander does not say it.
 * @returns An option of its own for one command.
 */
export function createEffortOption(hint?: string) {
  return new Option(
    "--effort <effort>",
    `how much is done where other options do not say it: half of the MACs are kept and the layers repaired (quick); the whole network is repaired too, without labels (standard); channel counts are searched, and the network is tuned where there are labels (thorough)${
      hint === undefined ? "" : ` (default: ${hint})`
    }`,
  ).choices(["quick", "standard", "thorough"]);
}
