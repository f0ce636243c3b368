/** The one door of scrubbing: what an upstream sends back of an injected secret does not reach the agent (S37). */
export { BodyScrubber } from './body-scrubber.ts';
export { BodyStart } from './body-start.ts';
export { FrameScrubber } from './frame-scrubber.ts';
export { scrubFields, scrubText, type ScrubbedFields } from './head.ts';
export { judgeHead } from './opaque.ts';
export { SecretForms } from './secret-forms.ts';
export { createSecretSet, isArmed, noSecrets, type SecretSet } from './secret-set.ts';
