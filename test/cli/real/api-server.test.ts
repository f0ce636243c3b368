import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StandInServer } from '../stand-in-server.ts';
import { eventually, startApiServer, type RunningApiServer } from './api-server.ts';

/** Enough of a kind of ours: real discovery, short name, category, columns. */
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'taskagents.clrk.apoxy.dev' },
  spec: {
    group: 'clrk.apoxy.dev',
    names: {
      kind: 'TaskAgent',
      plural: 'taskagents',
      singular: 'taskagent',
      shortNames: ['ta'],
      categories: ['clrk'],
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['image'],
                properties: { image: { type: 'string', maxLength: 10 } },
              },
            },
          },
        },
        additionalPrinterColumns: [
          { name: 'Image', type: 'string', jsonPath: '.spec.image' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      },
    ],
  },
};
const agent = (name: string, image: string): string =>
  JSON.stringify({
    apiVersion: 'clrk.apoxy.dev/v1alpha1',
    kind: 'TaskAgent',
    metadata: { name },
    spec: { image },
  });

describe('against the real kube-apiserver', () => {
  let api: RunningApiServer;
  const cli = new StandInServer();
  const run = (words: readonly string[], stdin?: string) =>
    cli.run(words, {
      environment: { KUBECONFIG: api.kubeconfig },
      ...(stdin === undefined ? {} : { stdin }),
    });

  beforeAll(async () => {
    await cli.start();
    api = await startApiServer();
    await eventually(async () => {
      expect((await run(['get', 'clrk'])).stderr).toContain('KIND_UNKNOWN');
    });
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await cli.stop();
  });

  test('a definition and an object of its kind go in with one apply, though the object comes first', async () => {
    await eventually(async () => {
      const namespaces = await run(
        ['apply', '-f', '-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }),
      );
      expect(namespaces.code).toBe(0);
    });
    const result = await run(
      ['apply', '-f', '-'],
      `${agent('hello', 'a:1')}\n---\n${JSON.stringify(definition)}\n`,
    );
    expect(result).toEqual({
      code: 0,
      stdout:
        'customresourcedefinition.apiextensions.k8s.io/taskagents.clrk.apoxy.dev serverside-applied\n' +
        'taskagent.clrk.apoxy.dev/hello serverside-applied\n',
      stderr: '',
    });
  });

  test('get by short name, name, category; the columns are the definition’s, the age is the server’s', async () => {
    for (const words of [['ta'], ['taskagent', 'hello'], ['clrk'], ['ta', '-A']]) {
      const { code, stdout } = await run(['get', ...words]);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^(?:NAMESPACE {3})?NAME {4}IMAGE {3}AGE\n(?:default {5})?hello {3}a:1 {5}\d+\w*\n$/,
      );
    }
    const { stdout } = await run(['get', 'ta/hello', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'TaskAgent',
      metadata: { name: 'hello' },
      spec: { image: 'a:1' },
    });
  });

  test('what the server refuses is told in its words: schema, dry run, another manager’s field', async () => {
    const invalid = await run(['apply', '-f', '-'], agent('hello', 'much-too-long-a-name'));
    expect(invalid).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/spec\.image.*\(INVALID\)/) as string,
    });
    expect((await run(['apply', '-f', '-', '--dry-run=server'], agent('hello', 'b:2'))).code).toBe(0);
    expect((await run(['get', 'ta', 'hello'])).stdout).toContain('a:1');
    const other = ['apply', '-f', '-', '--field-manager', 'someone-else'];
    const conflict = await run(other, agent('hello', 'b:2'));
    expect(conflict).toMatchObject({ code: 1, stderr: expect.stringContaining('CONFLICT') as string });
    expect((await run([...other, '--force-conflicts'], agent('hello', 'b:2'))).code).toBe(0);
    expect((await run(['get', 'ta', 'hello'])).stdout).toContain('b:2');
  });

  test('a watch of the real server shows a change', async () => {
    const interrupt = new AbortController();
    const watching = cli.run(['get', 'ta', '-w'], {
      environment: { KUBECONFIG: api.kubeconfig },
      interrupt: interrupt.signal,
    });
    await run(['apply', '-f', '-', '--force-conflicts'], agent('later', 'c:3'));
    await eventually(async () => {
      expect((await run(['get', 'ta', 'later'])).code).toBe(0);
    });
    setTimeout(() => interrupt.abort(), 2_000);
    expect((await watching).stdout).toMatch(/later +c:3/);
  });

  test('not found is 3; the version is the server’s own', async () => {
    expect((await run(['get', 'ta', 'gone'])).code).toBe(3);
    expect((await run(['version'])).stdout).toContain('Kubernetes: v1.34.2');
  });
});
