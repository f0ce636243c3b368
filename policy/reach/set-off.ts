/**
 * What sets an agent off besides a call: subjects of events it hears. Who may publish on them is everybody who reaches the ingress
 * (decision 067), so the subjects are the whole answer. Pure.
 */
import { subjectMatches } from '../../contract/index.ts';
import { quoted } from './phrases.ts';

/** Subjects by agent, `TaskAgent/ns/name`; who has none is not in it. */
export type HeardSubjects = ReadonlyMap<string, readonly string[]>;

export function setOffWords(subjects: readonly string[]): string {
  return `be set off by events on ${quoted(subjects)}`;
}

/** Of `subjects`, those that hear something the others do not hear: each against one of them at a time. */
export function beyond(subjects: readonly string[], others: readonly string[]): readonly string[] {
  return subjects.filter((subject) => !others.some((other) => subjectMatches(other, subject)));
}
