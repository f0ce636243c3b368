/** The door of `clrk/testing`: what an agent may reach, asserted in a test of the program that says so. */
export { reach, type AgentWays, type Reach, type ReachOptions, type Reachable } from './reach.ts';
export { reachMatchers, type MatcherResult } from './matchers.ts';
