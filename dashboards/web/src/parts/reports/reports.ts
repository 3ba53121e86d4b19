// What is loaded when somebody looks at reports, or at what they add up to, for the first time.

export { Body } from "./Body";
export { domain } from "./Domain";
export { domainWall } from "./DomainWall";
export { Targets } from "./Targets";
