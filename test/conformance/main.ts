/**
 * `npm run conformance [-- h2spec|autobahn]`: what others have written down of HTTP/2 and WebSocket, tried on the gateway and
 * on the same parts without it. Ends with 1 where the gateway is worse, or where a boundary caught something.
 */
import { runAutobahn } from './autobahn.ts';
import { ip, upstreamIp } from './bed.ts';
import { runH2spec } from './h2spec.ts';
import type { SuiteResult } from './result.ts';

const suites: ReadonlyArray<readonly [string, () => Promise<SuiteResult | undefined>]> = [
  ['h2spec', runH2spec],
  ['autobahn', runAutobahn],
];

function print(name: string, result: SuiteResult | undefined): boolean {
  if (result === undefined) {
    console.log(`${name}: not run, there is no Python 2.7 here (pyenv install 2.7.18)`);
    return true;
  }
  console.log(`${name}: ${result.summary}`);
  for (const line of result.worse) console.log(`  worse through the gateway: ${line}`);
  if (result.broken > 0) console.log(`  ${result.broken} faults were caught by a boundary`);
  return result.worse.length === 0 && result.broken === 0;
}

const asked = process.argv.slice(2);
ip('addr', 'replace', `${upstreamIp}/32`, 'dev', 'lo');
try {
  const good: boolean[] = [];
  for (const [name, run] of suites) {
    if (asked.length === 0 || asked.includes(name)) good.push(print(name, await run()));
  }
  process.exitCode = good.every(Boolean) ? 0 : 1;
} finally {
  ip('addr', 'del', `${upstreamIp}/32`, 'dev', 'lo');
}
