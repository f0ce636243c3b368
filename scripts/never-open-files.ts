/**
 * The never-open address table of contract/, written into the two folders that may import nothing of ours: admission's
 * schemas (api/) and the constructs package. A copy that differs fails test/scripts/never-open-files.test.ts.
 */
import { neverOpenCidrs } from '../contract/index.ts';

const text = `/** Generated from contract/reserved-address.ts by \`npm run generate\`. Do not edit. Ranges no policy opens. */
export const neverOpenCidrs: readonly string[] = [
${neverOpenCidrs.map((cidr) => `  '${cidr}',`).join('\n')}
];
`;

/** Path below the repository's root, to text. */
export function neverOpenFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['api/never-open-cidrs.ts', text],
    ['constructs/never-open-cidrs.ts', text],
  ]);
}
