/** The inner door of `policy/reach/`. */
export * from './documents.ts';
export * from './outcome.ts';
export * from './partition.ts';
export * from './reach.ts';
export { diffReach, type ReachChange } from './diff.ts';
export { reachHeaders, reachRows, reachSentences } from './reach-report.ts';
