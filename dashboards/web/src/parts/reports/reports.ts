// What is loaded when somebody looks at reports for the first time.

export { Body } from "./Body";
