/** Models in files of any format. */
export { readKeras, writeKeras } from "./keras/mod.ts";
export { readOnnx, writeOnnx } from "./onnx/mod.ts";
export { openModel, readModel } from "./open_model.ts";
export { refuseExistingModel, saveModel, writeModel } from "./save_model.ts";
export { loadModelFile } from "./tfjs/load.ts";
export { type ExtraFiles, refuseExisting, saveModelFile, type SaveOptions } from "./tfjs/save.ts";
