/** Order of released versions (semver 2 without build metadata). Pure. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map(parts) as [Parts, Parts];
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  if (a.pre === b.pre) return 0;
  // A release is newer than its own pre-releases.
  if (a.pre === '' || b.pre === '') return a.pre === '' ? 1 : -1;
  return a.pre < b.pre ? -1 : 1;
}

interface Parts {
  readonly numbers: readonly number[];
  readonly pre: string;
}

function parts(version: string): Parts {
  const [core = '', ...rest] = version.replace(/^v/, '').split('-');
  const numbers = core.split('.').map((each) => Number.parseInt(each, 10) || 0);
  return { numbers: [0, 1, 2].map((index) => numbers[index] ?? 0), pre: rest.join('-') };
}
