/** An image that cannot be read, and what helps; the message says what was found and wanted. */
export class ImageError extends Error {
  /** What to do about it. */
  readonly advice: string;

  /**
   * @param message What was found and wanted.
   * @param advice What to do about it.
   * @param options Its cause.
   */
  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ImageError";
    this.advice = advice;
  }
}

/** What helps where a file of a kind that is read is damaged. */
export const REPAIR = "repair or remove the image";
