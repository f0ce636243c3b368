import { describe, expect, test } from 'vitest';
import { WorkerPool } from '../../constructs/index.ts';
import { specOf, synth, testChart } from './chart.ts';

describe('WorkerPool', () => {
  test('is one worker of the platform image unless told otherwise', () => {
    const chart = testChart();
    new WorkerPool(chart, 'pool');
    expect(specOf(chart, 'WorkerPool')).toEqual({
      replicas: 1,
      template: { image: 'clrk.apoxy.dev/clrk:0.1.0' },
    });
  });

  test('says where workers run and what they may use', () => {
    const chart = testChart();
    new WorkerPool(chart, 'pool', {
      replicas: 3,
      image: 'registry.example.com/clrk:1',
      maxExecutionsPerWorker: 20,
      serviceAccountName: 'workers',
      nodeSelector: { sandbox: 'yes' },
      tolerations: [{ key: 'sandbox', operator: 'Exists', effect: 'NoSchedule' }],
      priorityClassName: 'high',
      imagePullSecrets: [{ name: 'registry' }],
      resources: { requests: { cpu: '2' }, limits: { memory: '8Gi' } },
    });
    expect(specOf(chart, 'WorkerPool')).toEqual({
      replicas: 3,
      maxExecutionsPerWorker: 20,
      template: {
        image: 'registry.example.com/clrk:1',
        serviceAccountName: 'workers',
        nodeSelector: { sandbox: 'yes' },
        tolerations: [{ key: 'sandbox', operator: 'Exists', effect: 'NoSchedule' }],
        priorityClassName: 'high',
        imagePullSecrets: [{ name: 'registry' }],
        resources: { requests: { cpu: '2' }, limits: { memory: '8Gi' } },
      },
    });
  });

  test('a pool made elsewhere leaves no object', () => {
    const chart = testChart();
    expect(WorkerPool.fromName('theirs', 'team').namespace).toBe('team');
    expect(synth(chart)).toEqual([]);
  });
});
