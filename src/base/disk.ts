import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  rename,
  rm,
  rmdir,
  truncate,
  writeFile,
} from "node:fs/promises";

/**
 * Everything that changes files and folders for good. It is called as a member of this object, so that a test can have any
 * step go wrong.
 */
export const disk = {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  open,
  rename,
  rm,
  rmdir,
  truncate,
  writeFile,
};
