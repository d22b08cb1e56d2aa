import { createHmac, timingSafeEqual } from "node:crypto";
import { InputError } from "../../base/mod.ts";

/** Variable of the environment with the secret that driver and workers share. */
export const SECRET_VARIABLE = "SECATEUR_QUEUE_SECRET";

/** Says what a signature is for, so that one cannot stand for another. */
export type SignedKind = "answer" | "job" | "name";

/**
 * Signs plain data: HMAC-SHA-256 over its JSON.
 *
 * @param secret What driver and workers share.
 * @param kind What the data is.
 * @param content The data.
 * @returns 64 hexadecimal digits.
 */
export function sign(secret: string, kind: SignedKind, content: unknown): string {
  return createHmac("sha256", secret).update(JSON.stringify([kind, content])).digest("hex");
}

/**
 * Refuses data that nobody with the secret has signed.
 *
 * @param secret What driver and workers share; without one nothing is looked at.
 * @param kind What the data is.
 * @param content The data.
 * @param signature What came with it.
 * @throws {InputError} When it was signed otherwise, or not at all.
 */
export function checkSignature(
  secret: string | undefined,
  kind: SignedKind,
  content: unknown,
  signature: unknown,
): void {
  if (secret === undefined) return;
  if (typeof signature === "string" && isEqual(signature, sign(secret, kind, content))) return;
  const found = signature === undefined ? "no signature" : "a signature that was made otherwise";
  throw new InputError(
    `reading ${DESCRIPTIONS[kind]} from the queue: found ${found}, wanted one made with the ` +
      `${SECRET_VARIABLE} that is set here; set the same for the command and for all workers`,
  );
}

const DESCRIPTIONS: Readonly<Record<SignedKind, string>> = {
  answer: "the answer of a worker",
  job: "a job",
  name: "the name of a job",
};

/** Takes the same time wherever the two differ. */
function isEqual(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => new TextEncoder().encode(text));
  return left.length === right.length && timingSafeEqual(left, right);
}
