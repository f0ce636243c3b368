/** Stock kubectl asks the API server, which asks us: what a person sees of invocations. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { call, useCluster } from './cluster-bed.ts';

const bed = useCluster();

describe('kubectl', () => {
  test('finds the resource, its short name, and what may be done', async () => {
    const ran = await bed.kubectl(
      'auditor',
      'api-resources',
      '--api-group=telemetry.clrk.apoxy.dev',
      '-o',
      'wide',
    );
    expect(ran.stdout).toMatch(
      /invocations +inv +telemetry\.clrk\.apoxy\.dev\/v1alpha1 +true +Invocation +get,list,watch/,
    );
    const versions = await bed.kubectl('auditor', 'api-versions');
    expect(versions.stdout).toContain('telemetry.clrk.apoxy.dev/v1alpha1');
  });

  test('gets, lists wide, as JSON, by name; describes; explains', async () => {
    const id = randomUUID();
    await bed.record(call('team-a', id, { phase: 'Running', revision: 'hello-00001' }));
    await bed.record(
      call('team-a', id, { phase: 'Succeeded', httpStatus: 200, totalMs: 1234, revision: 'hello-00001' }),
    );
    const table = await bed.kubectl('alice', 'get', 'invocations', '-n', 'team-a');
    expect(table.stdout).toMatch(/^NAME +PHASE +TRIGGER +PARENT +PARENTNAME +AGE\n/);
    expect(table.stdout).toMatch(new RegExp(`${id} +Succeeded +HTTP +TaskAgent +hello +\\d+s`));
    const wide = await bed.kubectl('alice', 'get', 'inv', id, '-n', 'team-a', '-o', 'wide');
    expect(wide.stdout).toMatch(/DURATION +STATUS +REASON +REVISION/);
    expect(wide.stdout).toMatch(/1\.23 s +200 +hello-00001/);
    const json = await bed.kubectl('alice', 'get', 'inv', id, '-n', 'team-a', '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
      kind: 'Invocation',
      metadata: {
        name: id,
        resourceVersion: expect.stringMatching(/^\d+$/) as string,
        labels: { 'clrk.apoxy.dev/agent': 'hello' },
        ownerReferences: [{ apiVersion: 'clrk.apoxy.dev/v1alpha1', kind: 'TaskAgent', name: 'hello' }],
      },
      status: { phase: 'Succeeded', httpStatus: 200 },
    });
    const described = await bed.kubectl('alice', 'describe', 'inv', id, '-n', 'team-a');
    expect(described.stdout).toMatch(/Phase: +Succeeded/);
    const explained = await bed.kubectl('alice', 'explain', 'invocations.status.phase');
    expect(explained.stdout).toContain('Succeeded');
  });

  test('what is not there, what nobody may do', async () => {
    const missing = await bed.kubectl('alice', 'get', 'inv', randomUUID(), '-n', 'team-a');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('(NotFound)') as string });
    const removed = await bed.kubectl('admin', 'delete', 'inv', randomUUID(), '-n', 'team-a');
    expect(removed.stderr).toMatch(/MethodNotAllowed|does not allow this method/);
  });

  test('pages: every call once, whatever the size of a page', async () => {
    const ids = Array.from({ length: 7 }, () => randomUUID());
    for (const [index, id] of ids.entries()) {
      await bed.service.publish(
        call('team-b', id, { phase: 'Succeeded' }, { agent: 'pages', createdAt: Date.now() - index * 1000 }),
      );
    }
    await bed.record(call('team-b', randomUUID(), { phase: 'Succeeded' }));
    const select = ['--field-selector', 'spec.parentRef.name=pages'];
    for (const size of ['1', '3', '7', '0']) {
      const ran = await bed.kubectl(
        'bob',
        'get',
        'inv',
        '-n',
        'team-b',
        `--chunk-size=${size}`,
        '-o',
        'name',
        ...select,
      );
      const names = ran.stdout.trim().split('\n');
      expect(names).toEqual(ids.map((id) => `invocation.telemetry.clrk.apoxy.dev/${id}`));
    }
  });

  test('selects by what the store has keys for, and says so of the rest', async () => {
    const [failed, running] = [randomUUID(), randomUUID()];
    await bed.record(call('team-a', failed, { phase: 'Failed' }, { agent: 'chosen' }));
    await bed.record(call('team-a', running, { phase: 'Running' }, { agent: 'chosen' }));
    const names = async (...args: readonly string[]): Promise<readonly string[]> => {
      const ran = await bed.kubectl(
        'alice',
        'get',
        'inv',
        '-n',
        'team-a',
        '-o',
        'jsonpath={.items[*].metadata.name}',
        ...args,
      );
      expect(ran.stderr).toBe('');
      return ran.stdout.split(' ').filter((each) => each !== '');
    };
    const agent = 'spec.parentRef.name=chosen';
    expect(await names('--field-selector', `${agent},status.phase=Failed`)).toEqual([failed]);
    expect(await names('--field-selector', `${agent},status.phase!=Failed`)).toEqual([running]);
    expect(await names('-l', 'clrk.apoxy.dev/agent=chosen')).toHaveLength(2);
    expect(await names('--field-selector', `metadata.name=${failed}`)).toEqual([failed]);
    expect(await names('--field-selector', `${agent},until=2020-01-01T00:00:00Z`)).toEqual([]);
    expect(await names('--field-selector', `${agent},spec.parentRef.kind=DaemonAgent`)).toEqual([]);
    for (const args of [
      ['--field-selector', 'status.httpStatus=200'],
      ['-l', 'team=a'],
      ['-l', 'team'],
      ['-l', 'a in (b)'],
    ]) {
      const ran = await bed.kubectl('alice', 'get', 'inv', '-n', 'team-a', ...args);
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/BadRequest/) as string });
    }
  });
});
