import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { discovery, json, StandInServer, status } from '../stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  server.on('GET /apis/clrk.apoxy.dev/v1alpha1', json(discovery));
  server.on(
    'GET /api/v1',
    json({ resources: [{ name: 'secrets', singularName: 'secret', namespaced: true, kind: 'Secret' }] }),
  );
});

const agent =
  'apiVersion: clrk.apoxy.dev/v1alpha1\nkind: TaskAgent\nmetadata: {name: hello}\nspec: {image: x}\n';
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: other}\n';
const agentPath = 'PATCH /apis/clrk.apoxy.dev/v1alpha1/namespaces/team/taskagents/hello';
const secretPath = 'PATCH /api/v1/namespaces/other/secrets/key';
const patches = () => server.received.filter((each) => each.method === 'PATCH');

describe('clrk apply', () => {
  test('applies server-side as clrk-cli, each object in its own namespace or that of the context', async () => {
    server.on(agentPath, json({})).on(secretPath, json({}));
    const result = await server.run(['apply', '-f', '-'], { stdin: `${secret}---\n${agent}` });
    expect(result).toEqual({
      code: 0,
      stdout: 'secret/key serverside-applied\ntaskagent.clrk.apoxy.dev/hello serverside-applied\n',
      stderr: '',
    });
    const [, patch] = patches();
    expect(patch?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(Object.fromEntries(patch?.query ?? [])).toEqual({ fieldManager: 'clrk-cli' });
    expect(JSON.parse(patch?.body ?? '')).toMatchObject({ kind: 'TaskAgent', spec: { image: 'x' } });
  });

  test('one object refused does not stop the others, and the exit code tells', async () => {
    server.on(agentPath, json({})).on(secretPath, status(409, 'conflict with "kubectl": .data.token'));
    const result = await server.run(['apply', '-f', '-'], { stdin: `${secret}---\n${agent}` });
    expect(result.code).toBe(1);
    expect(result.stdout).toBe('taskagent.clrk.apoxy.dev/hello serverside-applied\n');
    expect(result.stderr).toContain(
      'Secret/key:\nerror: conflict with "kubectl": .data.token (CONFLICT)\n  Another field manager',
    );
  });

  test('--dry-run=client sends nothing that writes; =server asks the server not to; --force-conflicts takes over', async () => {
    server.on(agentPath, json({}));
    const valid = agent.replace('{image: x}', '{workerPoolRef: p, template: {spec: {image: x}}}');
    const client = await server.run(['apply', '-f', '-', '--dry-run=client'], { stdin: valid });
    expect(client.stdout).toBe('taskagent.clrk.apoxy.dev/hello serverside-applied (dry run)\n');
    // What the server would refuse is refused here, with its words.
    const refused = await server.run(['apply', '-f', '-', '--dry-run=client'], { stdin: agent });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('(MANIFEST_INVALID)');
    expect(patches()).toEqual([]);
    const dry = await server.run(['apply', '-f', '-', '--dry-run=server', '--force-conflicts'], {
      stdin: agent,
    });
    expect(dry.stdout).toBe('taskagent.clrk.apoxy.dev/hello serverside-applied (server dry run)\n');
    expect(Object.fromEntries(patches()[0]?.query ?? [])).toEqual({
      fieldManager: 'clrk-cli',
      force: 'true',
      dryRun: 'All',
    });
  });

  test('a kind that a definition in the same run brings is waited for', async () => {
    const definition =
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.x.dev}\n' +
      'spec: {group: x.dev, names: {kind: Thing}}\n';
    const thing = 'apiVersion: x.dev/v1\nkind: Thing\nmetadata: {name: t}\n';
    const resources = [
      {
        name: 'customresourcedefinitions',
        singularName: 'customresourcedefinition',
        namespaced: false,
        kind: 'CustomResourceDefinition',
      },
    ];
    server.on('GET /apis/apiextensions.k8s.io/v1', json({ resources }));
    server.on('PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.x.dev', json({}));
    let asked = 0;
    server.on('GET /apis/x.dev/v1', (response, request) => {
      asked += 1;
      const answer =
        asked < 3
          ? status(404, 'not found')
          : json({ resources: [{ name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing' }] });
      return answer(response, request);
    });
    server.on('PATCH /apis/x.dev/v1/namespaces/team/things/t', json({}));
    const result = await server.run(['apply', '-f', '-'], { stdin: `${thing}---\n${definition}` });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(asked).toBe(3);
  });

  test('an unknown kind is refused with advice', async () => {
    const result = await server.run(['apply', '-f', '-'], { stdin: agent.replace('TaskAgent', 'TaskAgnet') });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('KIND_UNKNOWN');
  });

  test.each([
    ['no -f', ['apply']],
    ['nothing in it', ['apply', '-f', '-']],
    ['a bad mode', ['apply', '-f', '-', '--dry-run=perhaps']],
    ['a missing file', ['apply', '-f', '/nonexistent.yaml']],
  ])('%s is a usage error', async (_, words) => {
    expect((await server.run(words)).code).toBe(2);
  });
});
