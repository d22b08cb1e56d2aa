import { zipSync } from "fflate";

/** A zip archive's records that have offsets, with the places of these. */
const DIRECTORY_ENTRY = { signature: 0x02014b50, offset: 42, length: 46, texts: [28, 30, 32] };
const DIRECTORY_END = { length: 22, offset: 16 };

/** The same time in every file, so that equal models are equal files. */
const WRITTEN = new Date(1980, 0, 1);

/**
 * Packs files into a model's: they follow it as a zip archive, not compressed, as the readers of TensorFlow Lite's metadata
 * want them. Offsets in the archive count from the begin of the model, as Python's `zipfile` writes them.
 *
 * @param model The model.
 * @param files The files by name.
 * @returns Both in one.
 */
export function packFiles(
  model: Uint8Array,
  files: Readonly<Record<string, Uint8Array>>,
): Uint8Array {
  const archive = zipSync(files, { level: 0, mtime: WRITTEN });
  moveOffsets(archive, model.length);
  const packed = new Uint8Array(model.length + archive.length);
  packed.set(model);
  packed.set(archive, model.length);
  return packed;
}

function moveOffsets(archive: Uint8Array, by: number): void {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const move = (place: number) => view.setUint32(place, view.getUint32(place, true) + by, true);
  const end = archive.length - DIRECTORY_END.length;
  let entry = view.getUint32(end + DIRECTORY_END.offset, true);
  while (entry < end && view.getUint32(entry, true) === DIRECTORY_ENTRY.signature) {
    move(entry + DIRECTORY_ENTRY.offset);
    entry += DIRECTORY_ENTRY.texts.reduce(
      (sum, place) => sum + view.getUint16(entry + place, true),
      DIRECTORY_ENTRY.length,
    );
  }
  move(end + DIRECTORY_END.offset);
}
