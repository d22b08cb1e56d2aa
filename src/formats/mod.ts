/** Models in files of any format. */
export { openModel, readModel } from "./open_model.ts";
export {
  type FileOptions,
  folderFormatOf,
  nameOfFiles,
  refuseExistingModel,
  refuseUnwritable,
  saveModel,
  type SaveModelOptions,
  type StoredType,
  writeModel,
} from "./save_model.ts";
export { loadModelFile } from "./tfjs/load.ts";
export {
  encodeModelFiles,
  type ExtraFiles,
  refuseExisting,
  saveModelFile,
  type SaveOptions,
} from "./tfjs/save.ts";
export type { FolderFormat } from "./tfjs/folder_format.ts";
