/** The inner door of `policy/reach/`. */
export { Describer } from './describe.ts';
export * from './documents.ts';
export * from './permit.ts';
export * from './partition.ts';
export * from './reach.ts';
export type { HeardSubjects } from './set-off.ts';
export { standingOf, type StandingAnswers } from './standing.ts';
export { type ReachDestination, type ReachProtocol } from './spot.ts';
export { diffReach, failsOn, type ReachChange } from './diff.ts';
export { reachHeaders, reachRows, reachSentences, standingSentences } from './reach-report.ts';
export { parseBoundary, type Boundary } from './boundary.ts';
export { judgeWithin, type Counterexample, type WithinVerdict } from './within.ts';
