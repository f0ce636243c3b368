import { Duration, Size } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import {
  EgressGateway,
  EnvValue,
  TaskAgent,
  WorkerPool,
  type TaskAgentProps,
} from '../../constructs/index.ts';
import { specOf, synth, testChart } from './chart.ts';

const pool = WorkerPool.fromName('default');

describe('TaskAgent', () => {
  test('writes the defaults a reviewer wants to see, and reaches nothing', () => {
    const chart = testChart();
    new TaskAgent(chart, 'hello', { image: 'localhost:5100/hello:0.1.0', pool });
    expect(synth(chart)[0]?.metadata.name).toBe('hello');
    expect(specOf(chart, 'TaskAgent')).toEqual({
      template: { spec: { image: 'localhost:5100/hello:0.1.0' } },
      workerPoolRef: 'default',
      resources: { cpu: '1', memory: '512Mi' },
      timeout: '100s',
    });
  });

  test('everything that can be said', () => {
    const chart = testChart();
    const agent = new TaskAgent(chart, 'hello', {
      image: 'r/a:1',
      pool,
      command: ['/agent'],
      args: ['-v'],
      env: { MODE: 'test', CONFIG: EnvValue.fromConfigMap({ name: 'c' }, 'k') },
      timeout: Duration.minutes(2),
      cpu: 0.5,
      memory: Size.gibibytes(1),
      ephemeralStorage: Size.mebibytes(64),
      maxConcurrent: 3,
      warmPoolSize: 2,
      warmPoolIdleTtl: Duration.minutes(1),
      state: {},
      delivery: 'Metadata',
    });
    agent.addEnv('POD', EnvValue.fromField('metadata.name'));
    agent.connect(new EgressGateway(chart, 'gateway'));
    expect(specOf(chart, 'TaskAgent')).toEqual({
      template: {
        spec: {
          image: 'r/a:1',
          command: ['/agent'],
          args: ['-v'],
          env: [
            { name: 'MODE', value: 'test' },
            { name: 'CONFIG', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
        },
      },
      workerPoolRef: 'default',
      egressRefs: [{ gatewayRef: 'gateway' }],
      resources: { cpu: '500m', memory: '1Gi', ephemeralStorage: '64Mi' },
      timeout: '120s',
      maxConcurrent: 3,
      warmPoolSize: 2,
      warmPoolIdleTTL: '60s',
      state: { backend: 'sqlite', sizeLimitMB: 100 },
      delivery: { mode: 'Metadata' },
    });
  });

  test('a resident agent and its bounds', () => {
    const chart = testChart();
    const reuse = { maxRuns: 20, maxAge: Duration.minutes(30) };
    const warm = { warmPoolSize: 1, warmPoolMode: 'Resident', reuse, delivery: 'Metadata' } as const;
    new TaskAgent(chart, 'hello', { image: 'r/a:1', pool, ...warm });
    expect(specOf(chart, 'TaskAgent')).toMatchObject({
      warmPoolMode: 'Resident',
      reuse: { maxRuns: 20, maxAge: '1800s' },
    });
  });

  test.each<[string, Partial<TaskAgentProps>]>([
    ['warmPoolSize', { warmPoolMode: 'Started' }],
    ['state', { warmPoolMode: 'Started', warmPoolSize: 1, state: {} }],
    ['delivery Metadata', { warmPoolMode: 'Resident', warmPoolSize: 1 }],
    ['delivery Stdin', { warmPoolMode: 'Snapshot', warmPoolSize: 1, delivery: 'Metadata' }],
    ['reuse is of', { warmPoolMode: 'Started', warmPoolSize: 1, reuse: {} }],
    [
      'maxAge',
      {
        ...{ warmPoolMode: 'Resident', warmPoolSize: 1, delivery: 'Metadata' },
        reuse: { maxAge: Duration.days(8) },
      },
    ],
    ['not an image', { image: 'https://r/a' }],
    ['not an image', { image: 'a b' }],
    ['timeout', { timeout: Duration.minutes(6) }],
    ['maxConcurrent', { maxConcurrent: -1 }],
    ['warmPoolSize', { warmPoolSize: 17 }],
    ['cpu', { cpu: 0 }],
    ['environment variable', { env: { 'A B': 'x' } }],
    ['namespace', { pool: WorkerPool.fromName('p', 'other') }],
    ['namespace', { egress: [EgressGateway.fromName('g', 'other')] }],
    ['twice', { egress: [EgressGateway.fromName('g'), EgressGateway.fromName('g')] }],
  ])('impossible input is refused with its place: %s %j', (message, props) => {
    const make = (): TaskAgent => new TaskAgent(testChart(), 'hello', { image: 'r/a:1', pool, ...props });
    expect(make).toThrow(/^test\/hello: /);
    expect(make).toThrow(message === 'not an image' ? 'is not an image reference' : message);
  });
});
