/** The least that the slider keeps, in percent. */
export const LEAST_PERCENT = 10;

/** The most. */
export const MOST_PERCENT = 95;
