/** What an answer leaves out, in the words of a report. Pure. */
export function renderUnseen(unseen: readonly string[]): string[] {
  if (unseen.length === 0) return [];
  const title = `partial (--assume-partial): ${unseen.length === 1 ? 'one thing was' : `${unseen.length} things were`} not seen, and what depends on them is not said here`;
  return [[title, ...unseen.map((line) => `  ${line}`)].join('\n')];
}
