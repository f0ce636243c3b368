/** Two homes on one machine: each gives back its own addresses and no other's. In a network namespace of its own. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../../local/root.ts';

/** Runs the lines in a fresh namespace and gives the addresses of the range that are left on `lo`. */
function addressesAfter(...lines: readonly string[]): { readonly left: string[]; readonly guarded: boolean } {
  const program = `
    import { execFileSync } from 'node:child_process';
    import { HomeAddresses } from '${repositoryRoot}/local/node-agent/loopback.ts';
    import { computeSubnet, defaultSubnet } from '${repositoryRoot}/local/subnet.ts';
    const range = computeSubnet(defaultSubnet);
    const [a, b] = [new HomeAddresses('/a', range), new HomeAddresses('/b', range)];
    ${lines.join('\n')}
    const ip = (...args) => execFileSync('ip', args).toString();
    const left = ip('-o', '-4', 'address', 'show', 'dev', 'lo').match(/198\\.51\\.100\\.\\d+/g) ?? [];
    process.stdout.write(JSON.stringify({ left, guarded: ip('route').includes('unreachable') }));
  `;
  const script = 'ip link set lo up; exec "$0" --import tsx --input-type=module -e "$1"';
  const output = execFileSync('unshare', ['-n', 'sh', '-c', script, process.execPath, program], {
    cwd: repositoryRoot,
  });
  return JSON.parse(output.toString()) as { left: string[]; guarded: boolean };
}

const up = "await a.guard(); await a.add('198.51.100.1'); await a.add('198.51.100.2');";

test.each<[string, string[], string[]]>([
  ['a home clears its own', [up, 'await a.clear();'], []],
  ['and no other’s', [up, 'await b.clear();'], ['198.51.100.1', '198.51.100.2']],
  ['nor removes one by name', [up, "await b.remove('198.51.100.1');"], ['198.51.100.1', '198.51.100.2']],
  [
    'nor takes it over',
    [up, "await b.add('198.51.100.2'); await b.clear();"],
    ['198.51.100.1', '198.51.100.2'],
  ],
  ['what nobody runs on is cleared whole', [up, 'await b.clearAbandoned();'], []],
])('%s', { timeout: 120_000 }, (_name, lines, left) => {
  const after = addressesAfter(...lines);
  expect(after.left).toEqual(left);
  // The rest of the range stays shut for as long as somebody has a part of it.
  expect(after.guarded).toBe(left.length > 0);
});
