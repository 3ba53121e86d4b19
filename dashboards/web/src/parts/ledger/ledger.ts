// What is loaded when somebody looks at what is owed for the first time.

export { Ledger } from "./Body";
export { LedgerWall } from "./Wall";
