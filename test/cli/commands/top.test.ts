/** Who used most, from the API of figures. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, StandInServer } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => server.reset());

const root = '/apis/metrics.clrk.apoxy.dev/v1alpha1';
const of = (kind: string, name: string, usage: object): object => ({
  ...{ apiVersion: 'metrics.clrk.apoxy.dev/v1alpha1', kind, window: '24h', usage },
  metadata: { name, namespace: 'team' },
});
const list = (...items: readonly object[]) => json({ kind: 'List', metadata: {}, items });
const hello = of('TaskAgentMetrics', 'hello', {
  ...{ invocations: '10', errors: '1', running: '2', input_tokens: '5', output_tokens: '6' },
  ...{ cost_usd: '0.5', tool_calls: '0', latency_p50_ms: '12', latency_p99_ms: '99.5' },
});
const dear = of('TaskAgentMetrics', 'dear', { invocations: '9', errors: '0', running: '0', cost_usd: '20' });
const poller = of('DaemonAgentMetrics', 'poller', { invocations: '9', errors: '0', running: '1' });

function serveAgents(scope: string): void {
  server.on(`GET ${root}${scope}/taskagentmetrics`, list(dear, hello));
  server.on(`GET ${root}${scope}/daemonagentmetrics`, list(poller));
}

describe('clrk top', () => {
  test('shows agents of the namespace, the most called first; what is not known is not nought', async () => {
    serveAgents('/namespaces/team');
    expect(await server.run(['top'])).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'KIND          NAME     CALLS   ERRORS   RUNNING   INPUT    OUTPUT   COST     TOOLS    P50      P99',
        'TaskAgent     hello    10      1        2         5        6        0.5      0        12       99.5',
        'TaskAgent     dear     9       0        0         <none>   <none>   20       <none>   <none>   <none>',
        'DaemonAgent   poller   9       0        1         <none>   <none>   <none>   <none>   <none>   <none>',
        '',
      ].join('\n'),
    });
  });

  test('sorts by a column, of all namespaces, as objects', async () => {
    serveAgents('');
    const dearest = await server.run(['top', 'agents', '-A', '--sort', 'cost']);
    expect(dearest.stdout.split('\n').map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      ['NAMESPACE', 'KIND', 'NAME'],
      ['team', 'TaskAgent', 'dear'],
      ['team', 'TaskAgent', 'hello'],
      ['team', 'DaemonAgent', 'poller'],
      [''],
    ]);
    const objects = JSON.parse((await server.run(['top', '-A', '-o', 'json'])).stdout) as { items: object[] };
    expect(objects.items).toEqual([hello, dear, poller]);
  });

  test('says what the server says of a list that is not whole', async () => {
    serveAgents('');
    server.on(`GET ${root}/taskagentmetrics`, (response, request) => {
      response.setHeader(
        'warning',
        '299 - "the first \\"1000\\" are listed, there are more", 299 - "and so"',
      );
      return list(dear)(response, request);
    });
    const { code, stderr } = await server.run(['top', '-A']);
    expect(code).toBe(0);
    expect(stderr).toBe('Warning: the first "1000" are listed, there are more\nWarning: and so\n');
  });

  test('gateways and pools', async () => {
    const usage = { requests: '7', denied: '1', status_4xx: '1', status_5xx: '0', cost_usd: '3' };
    server.on(
      `GET ${root}/namespaces/team/egressgatewaymetrics`,
      list(of('EgressGatewayMetrics', 'main', usage)),
    );
    expect((await server.run(['top', 'gateways'])).stdout).toMatch(/\nmain +7 +1 +1 +0 +<none> +<none> +3\n/);
    server.on(`GET ${root}/namespaces/team/workerpoolmetrics`, list());
    expect(await server.run(['top', 'pools'])).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: 'No pools in namespace team left a record in the last day.\n',
    });
  });

  test('says what is wrong', async () => {
    expect(await server.run(['top', 'nodes'])).toMatchObject({ code: 2 });
    expect(await server.run(['top', '--sort', 'colour'])).toMatchObject({ code: 2 });
    expect(await server.run(['top', '-o', 'wide'])).toMatchObject({ code: 2 });
    const absent = await server.run(['top']);
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(absent.stderr).toContain('does not serve figures');
    expect(absent.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  });
});
