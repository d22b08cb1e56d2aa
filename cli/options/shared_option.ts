import { Option } from "@commander-js/extra-typings";

/**
 * `--shared`: what becomes of channels that several layers read.
 *
 * @param hint What the help says of its default where that depends on other options.
 * @returns An option of its own for one command.
 */
export function createSharedOption(hint = "") {
  return new Option(
    "--shared <mode>",
    `channels that several layers read: each convolution selects its own (select), or all lose the same (couple)${hint}`,
  ).choices(["select", "couple"]);
}
