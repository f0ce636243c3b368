/** Rules about what was given rather than about what it allows. Here as data only, for reports and docs/rules. */
import type { RuleText } from './rule.ts';

/** With one of these nobody knows what else is there: validation ends undecided. */
export const undecidedRules: readonly RuleText[] = [
  {
    id: 'unreadable',
    severity: 'error',
    title: 'A path that could not be read',
    why: 'Missing, too large, not UTF-8, a link that leads back to itself: whatever is in it was not judged, so the verdict is not a verdict. The exit code is 3.',
    fix: 'Correct the path. A manifest file may have 16 MiB, all of them 512 MiB.',
  },
  {
    id: 'yaml',
    severity: 'error',
    title: 'A document that is no YAML',
    why: 'A document that cannot be parsed was not judged. The exit code is 3.',
    fix: 'Correct the syntax at the given line.',
  },
  {
    id: 'not-an-object',
    severity: 'error',
    title: 'A document that is no Kubernetes object',
    why: 'Without apiVersion, kind and metadata.name no API server takes it, and nobody can say what it should have been. The exit code is 3.',
    fix: 'Complete it, or keep files of other kinds out of the folder.',
  },
  {
    id: 'not-seen',
    severity: 'error',
    title: 'Something that could not be looked at',
    why: 'A kustomization or chart that could not be rendered, objects that are rendered elsewhere, a namespace whose labels nobody wrote down, folders that hold different objects of one name: what is allowed depends on what is in there. The exit code is 3; with --assume-partial it is a warning, and the report says that it is partial.',
    fix: 'Do what the message says: install kubectl or helm, add the missing manifest, say which folder is which environment (--env NAME=PATH) or which namespace objects go to (-n NAMESPACE).',
  },
  {
    id: 'waivers-unreadable',
    severity: 'error',
    title: 'A waiver file that could not be used',
    why: 'A waiver that is not understood must not hide a finding, and not lose one either: unknown rule, missing reason, no expiry. The exit code is 3.',
    fix: 'Correct the entry at the given line; `clrk waive` writes entries that are right.',
  },
];

export const inputRules: readonly RuleText[] = [
  ...undecidedRules,
  {
    id: 'schema',
    severity: 'error',
    title: 'An object that the API server refuses',
    why: 'The schema and CEL rules of the CRD, evaluated here without a cluster: applying it would fail with the same words.',
    fix: 'Write what the message says.',
    promises: ['S21', 'S25', 'S52'],
  },
  {
    id: 'unknown-field',
    severity: 'error',
    title: 'A field that the kind does not have',
    why: 'kubectl refuses it; other clients drop it without a word, and what it should have done is not done.',
    fix: 'Correct the spelling or the indentation; `kubectl explain` shows the fields.',
  },
  {
    id: 'unknown-kind',
    severity: 'error',
    title: 'A kind or version that this release does not have',
    why: 'The API server would not know it, and no rule could judge it.',
    fix: 'Correct apiVersion and kind, or use the release of clrk that has it.',
  },
  {
    id: 'duplicate-object',
    severity: 'error',
    title: 'Two documents with one name',
    why: 'Whichever is applied last wins, and which that is depends on the tool. Folders with a kustomization of their own are sets of their own.',
    fix: 'Rename or remove one.',
  },
  {
    id: 'doubled-key',
    severity: 'warn',
    title: 'A key that stands twice in one map',
    why: 'kubectl takes the last one without a word, kustomize and others refuse the file; a person reads the first. It is judged by the last.',
    fix: 'Remove one of the two.',
  },
  {
    id: 'crd-differs',
    severity: 'error',
    title: 'A CustomResourceDefinition of another release',
    why: 'With it the API server would accept and refuse other things than this validation does.',
    fix: 'Commit the definitions of this release (crds/), or validate with the release they are of.',
  },
  {
    id: 'waiver-expired',
    severity: 'error',
    title: 'A waiver whose time is over',
    why: 'Exceptions are for a while. The finding it hid is shown again beside it.',
    fix: 'Mend the cause, or decide again: `clrk waive` with a new date.',
    promises: ['S52'],
  },
  {
    id: 'waiver-unused',
    severity: 'warn',
    title: 'A waiver that hides nothing',
    why: 'The cause is gone, or the selector never matched: a waiver is for one namespace, the default one where it names none. Left alone it would hide the next finding of that rule.',
    fix: 'Remove it, or name the namespace it is for.',
  },
];
