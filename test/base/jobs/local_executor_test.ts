import { LocalExecutor } from "../../../src/base/jobs/local_executor.ts";
import { contractHandlers, executorContract, type Ledger } from "./executor_contract.ts";

executorContract("LocalExecutor", () => {
  const ledger: Ledger = { begun: [] };
  const executor = new LocalExecutor(contractHandlers, ledger);
  return Promise.resolve({ executor, ledger, close: () => executor.close() });
});
