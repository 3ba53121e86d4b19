// What is loaded when somebody looks at events for the first time.

export { Body } from "./Body";
export { EnvelopeEvents } from "./EnvelopeEvents";
export { Wall } from "./Wall";
