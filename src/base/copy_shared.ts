/**
 * Copies an array into memory that threads share.
 *
 * @param values The array.
 * @returns The same values; what is sent to another thread is no copy.
 */
export function copyShared<Values extends ArrayBufferView & { readonly length: number }>(
  values: Values,
): Values {
  const { buffer, byteOffset, byteLength } = values;
  const shared = new SharedArrayBuffer(byteLength);
  new Uint8Array(shared).set(new Uint8Array(buffer, byteOffset, byteLength));
  const View = values.constructor as new (buffer: SharedArrayBuffer) => Values;
  return new View(shared);
}
