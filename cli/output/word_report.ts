import {
  type Notice,
  type OptionWords,
  type PruneReport,
  type RunProfile,
  type SearchLog,
  writeMessage,
} from "../../src/mod.ts";
import { OPTION_FLAGS } from "../options/option_flags.ts";

/** A report whose messages are texts. */
export type WordedReport = PruneReport & {
  readonly failure?: string;
  readonly notices: readonly string[];
};

/**
 * Writes the messages of a report: those that name options do it as they are called here.
 *
 * @param report The report.
 * @param words What options are called; the flags when nothing else is given.
 * @returns The report with texts in their places.
 */
export function wordReport(report: PruneReport, words: OptionWords = OPTION_FLAGS): WordedReport {
  const { failure, networkRepair, notices, search } = report;
  return {
    ...report,
    ...(failure !== undefined && { failure: writeMessage(failure, words) }),
    ...(networkRepair?.reason !== undefined && {
      networkRepair: { ...networkRepair, reason: writeMessage(networkRepair.reason, words) },
    }),
    ...(search?.failures && {
      search: { ...search, failures: search.failures.map((each) => wordFailure(each, words)) },
    }),
    notices: wordNotices({ notices }, words).notices,
  } as WordedReport;
}

/**
 * The same for whatever else has notices.
 *
 * @param report What was found.
 * @param words What options are called; the flags when nothing else is given.
 * @returns The same with texts for notices.
 */
export function wordNotices<Report extends { readonly notices: readonly Notice[] }>(
  report: Report,
  words: OptionWords = OPTION_FLAGS,
): Report & { readonly notices: readonly string[] } {
  return { ...report, notices: report.notices.map((notice) => writeMessage(notice, words)) };
}

/** The same for everything that a search tried. */
export function wordLog(log: SearchLog): SearchLog {
  return { ...log, failures: log.failures.map((each) => wordFailure(each, OPTION_FLAGS)) };
}

/** The same for what networks cost. */
export function wordProfile(profile: RunProfile): RunProfile {
  const { latencyFailure } = profile;
  if (latencyFailure === undefined) return profile;
  return { ...profile, latencyFailure: writeMessage(latencyFailure, OPTION_FLAGS) };
}

function wordFailure<Kind extends Pick<SearchLog["failures"][number], "failure">>(
  each: Kind,
  words: OptionWords,
): Kind {
  return { ...each, failure: writeMessage(each.failure, words) };
}
