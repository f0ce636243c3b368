/**
 * The official clients of MCP, unmodified, at real servers through a gateway: they are shown what they may use, are told of a denial
 * and of a limit in band, and go on in the same session.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { McpRoute } from '../../contract/index.ts';
import { unasked, underTools } from '../egress/mcp/mcp-script.ts';
import { providePython } from '../sdk/python-sdks.ts';
import { startClient, type SdkClient } from '../sdk/sdk-client.ts';
import { openMcpBed, url, type Command, type McpBed } from './mcp-bed.ts';
import { provideNpm } from './npm-packages.ts';

interface Ask {
  readonly op: 'tools' | 'prompts' | 'resources' | 'call';
  readonly name?: string;
  readonly args?: object;
}
interface Said {
  readonly told?: readonly string[];
  readonly code?: number;
  readonly message?: string;
}

const here = import.meta.dirname;
let modules = '';
let python = '';
beforeAll(async () => {
  [modules, python] = await Promise.all([provideNpm(), providePython(join(here, 'python'))]);
}, 900_000);

const everything = (port: number): Command => ({
  program: process.execPath,
  args: [join(modules, '@modelcontextprotocol/server-everything/dist/index.js'), 'streamableHttp'],
  env: { PORT: String(port) },
});
const mcpServer = (port: number): Command => ({
  program: python,
  args: ['-B', join(here, 'python/mcp_server.py'), String(port)],
});
const clients: Record<string, () => readonly string[]> = {
  'npm @modelcontextprotocol/sdk': () => [
    process.execPath,
    join(here, 'clients/npm-client.mjs'),
    modules,
    url,
  ],
  'PyPI mcp, sessions': () => [python, '-B', join(here, 'python/mcp_client.py'), url, 'legacy'],
  'PyPI mcp, whatever the server speaks': () => [
    python,
    '-B',
    join(here, 'python/mcp_client.py'),
    url,
    'auto',
  ],
};

/** `echo` alone may be called, twice in an execution. */
const echoTwice = (account: string): McpRoute =>
  underTools({ allowedTools: ['echo'], maxCallsPerExecution: 2, account });

const echo = (message: string): Ask => ({ op: 'call', name: 'echo', args: { message } });

describe.each([
  { server: 'npm server-everything', command: everything, hidden: 'get-sum', prompt: 'simple-prompt' },
  { server: 'PyPI mcp', command: mcpServer, hidden: 'delete_all', prompt: 'greet' },
])('$server', ({ command, hidden, prompt }) => {
  let bed: McpBed;
  beforeAll(async () => {
    bed = await openMcpBed(command);
  }, 120_000);
  afterAll(() => bed.close());

  test.each(Object.keys(clients))('S47: %s', async (name) => {
    bed.use(echoTwice(name));
    bed.gateway.records.length = 0;
    const client: SdkClient<Ask, Said> = startClient(bed, clients[name]?.() ?? []);
    const invocation = await client.ask({ op: 'tools' });
    expect(invocation).toEqual({ told: ['echo'] });
    expect(await client.ask(echo('one'))).toEqual({ told: ['Echo: one'] });
    const denied = await client.ask({ op: 'call', name: hidden, args: { a: 1, b: 2 } });
    expect(denied).toEqual({ code: -32_001, message: expect.stringContaining(`"${hidden}" is not allowed`) });
    expect(await client.ask(echo('two'))).toEqual({ told: ['Echo: two'] });
    const over = await client.ask(echo('three'));
    expect(over).toEqual({ code: -32_001, message: expect.stringContaining('2 calls of an execution') });
    expect(await client.ask({ op: 'tools' })).toEqual({ told: ['echo'] });
    expect((await client.ask({ op: 'prompts' })).told).toContain(prompt);
    await client.close();
    const sessions = bed.gateway.records.filter(({ attributes }) =>
      ['initialize', 'server/discover'].includes(String(attributes['mcp.method'])),
    );
    // It began once, and no denial made it begin anew.
    expect(sessions.length).toBe(new Set(sessions.map(({ attributes }) => attributes['mcp.method'])).size);
    const lists = bed.gateway.records.filter(({ attributes }) => attributes['mcp.method'] === 'tools/list');
    expect(lists.every(({ attributes }) => Number(attributes['clrk.mcproute.hidden']) > 0)).toBe(true);
  });
});

describe('a server that asks the agent for an answer of its model', () => {
  let bed: McpBed;
  beforeAll(async () => {
    bed = await openMcpBed(everything);
  }, 120_000);
  afterAll(() => bed.close());

  const sample: Ask = { op: 'call', name: 'trigger-sampling-request', args: { prompt: 'x', maxTokens: 9 } };
  const start = (): SdkClient<Ask, Said> =>
    startClient(bed, clients['npm @modelcontextprotocol/sdk']?.() ?? []);

  test('S47: gets it where nothing forbids that, and an error of the client where its route does', async () => {
    bed.use(underTools({ deniedTools: ['get-env'] }));
    const one = start();
    expect((await one.ask(sample)).told?.join()).toContain('sampled by the agent');
    await one.close();
    bed.use(unasked('Sampling'));
    bed.gateway.records.length = 0;
    const other = start();
    const told = JSON.stringify(await other.ask(sample));
    expect(told).not.toContain('sampled by the agent');
    expect(told).toContain('Method not found');
    expect(await other.ask(echo('still here'))).toEqual({ told: ['Echo: still here'] });
    await other.close();
    const denied = bed.gateway.records.map(
      ({ attributes }) => attributes['clrk.mcproute.server_requests.denied'],
    );
    expect(denied).toContain(1);
  });
});
