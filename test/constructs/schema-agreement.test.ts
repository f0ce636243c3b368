/** What constructs refuse where it is written is what the schemas refuse: the package has its own copy of their patterns and bounds. */
import { Duration } from 'cdk8s';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Credential,
  EventTrigger,
  TaskAgent,
  WorkerPool,
  type TaskAgentProps,
} from '../../constructs/index.ts';
import { framingHeaders } from '../../api/rule.ts';
import { readTokenEndpoint } from '../../decision/index.ts';
import { documents, gateway, judge, object, pool } from '../policy/judge.ts';
import { testChart } from './chart.ts';

function isTaken(write: () => unknown): boolean {
  try {
    write();
    return true;
  } catch {
    return false;
  }
}

function hasSchema(text: string): boolean {
  return judge(documents(gateway, pool, text)).every(({ rule }) => rule !== 'schema');
}

const json = (value: unknown): string => JSON.stringify(value);

function credential(spec: object): string {
  const targetRefs = [{ kind: 'EgressGateway', name: 'gw' }];
  return object('CredentialInjectionPolicy', 'c', json({ targetRefs, secretRef: { name: 's' }, ...spec }));
}

function agent(spec: object): string {
  const template = { spec: { image: 'r/a:1' } };
  return object('TaskAgent', 'a', json({ workerPoolRef: 'p', template, ...spec }));
}

const subjects = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'Z', '9', '-', '_', '.', '*', '>', ' ', '/', 'ä'), maxLength: 8 }),
  fc.integer({ min: 198, max: 202 }).map((length) => 'a'.repeat(length)),
);

describe('a construct refuses what the schema refuses, and nothing else', () => {
  test('property: subjects of events', () => {
    const check = (subject: string): void => {
      const manifest = agent({ triggers: [{ type: 'Event', subject }] });
      expect({ subject, taken: isTaken(() => EventTrigger.on(subject)) }).toEqual({
        subject,
        taken: hasSchema(manifest),
      });
    };
    for (const each of ['a', 'a.b', '*', '>', 'a.*.>', 'a.>.b', '>.a', '.', 'a.', '.a', '**', 'a*', ''])
      check(each);
    fc.assert(fc.property(subjects, check), { numRuns: 60 });
  });

  test.each([0, 1, 20, 21])('an event delivered %d times', (maxDeliver) => {
    const manifest = agent({ triggers: [{ type: 'Event', subject: 'a', maxDeliver }] });
    expect(isTaken(() => EventTrigger.on('a', { maxDeliver }))).toBe(hasSchema(manifest));
  });

  const image = { image: 'r/a:1', pool: WorkerPool.fromName('p') };
  const resident = { warmPoolSize: 1, warmPoolMode: 'Resident', delivery: 'Metadata' } as const;
  test.each<[string, Partial<TaskAgentProps>, object]>([
    ...[8, 9].map((count): [string, Partial<TaskAgentProps>, object] => [
      `${count} triggers`,
      { triggers: Array.from({ length: count }, (_, at) => EventTrigger.on(`a.${at}`)) },
      { triggers: Array.from({ length: count }, (_, at) => ({ type: 'Event', subject: `a.${at}` })) },
    ]),
    ...[0, 1, 100_000, 100_001].map((maxRuns): [string, Partial<TaskAgentProps>, object] => [
      `${maxRuns} runs`,
      { ...resident, reuse: { maxRuns } },
      { ...resident, delivery: { mode: 'Metadata' }, reuse: { maxRuns } },
    ]),
    ...['999ms', '1s', '604800s', '604801s'].map((maxAge): [string, Partial<TaskAgentProps>, object] => [
      `an age of ${maxAge}`,
      {
        ...resident,
        reuse: { maxAge: Duration.millis(maxAge === '999ms' ? 999 : 1_000 * parseInt(maxAge, 10)) },
      },
      { ...resident, delivery: { mode: 'Metadata' }, reuse: { maxAge } },
    ]),
    ...[16, 17].map((warmPoolSize): [string, Partial<TaskAgentProps>, object] => [
      `${warmPoolSize} warm`,
      { warmPoolSize },
      { warmPoolSize },
    ]),
    ['Started and nobody warm', { warmPoolMode: 'Started' }, { warmPoolMode: 'Started' }],
    [
      'Started with state',
      { ...resident, warmPoolMode: 'Started', state: {} },
      { warmPoolSize: 1, warmPoolMode: 'Started', state: {} },
    ],
    [
      'Resident by standard input',
      { ...resident, delivery: 'Stdin' },
      { ...resident, delivery: { mode: 'Stdin' } },
    ],
    [
      'Snapshot',
      { warmPoolSize: 1, warmPoolMode: 'Snapshot' },
      { warmPoolSize: 1, warmPoolMode: 'Snapshot' },
    ],
    [
      'Snapshot by the metadata service',
      { ...resident, warmPoolMode: 'Snapshot' },
      { ...resident, warmPoolMode: 'Snapshot', delivery: { mode: 'Metadata' } },
    ],
    ['reuse without Resident', { reuse: {} }, { reuse: {} }],
  ])('an agent: %s', (_, props, spec) => {
    expect(isTaken(() => new TaskAgent(testChart(), 'a', { ...image, ...props }))).toBe(
      hasSchema(agent(spec)),
    );
  });

  test.each([...framingHeaders, 'HOST', 'x-a', "x'a", 'x`a', 'a b', 'x:a', 'a'.repeat(127), 'a'.repeat(128)])(
    'a key in the header %s',
    (headerName) => {
      const manifest = credential({ target: 'Header', headerName });
      expect(isTaken(() => Credential.header(headerName, { name: 's' }))).toBe(hasSchema(manifest));
    },
  );

  /** An address is a matter of the rule token-endpoint-unfit: a pattern does not tell all ways to write one. */
  test.each([
    ...['https://1password.example.com/token', 'https://a.example/t?x=1&y=%20', 'https://a.example:8443/t'],
    ...['https://:pw@a.example/t', 'https://u@a.example/t', 'https://a.example/a b', 'https://a.example/t#x'],
    ...['HTTPS://a.example/t', 'http://a.example/t', 'https://bücher.example/t', 'https://a.example:99999/'],
    ...[
      'https://a_b.example/t',
      `https://a.example/${'a'.repeat(600)}`,
      'https://10.0.0.1/t',
      'https://0x7f.1/t',
    ],
  ])('a token asked for at %s', (tokenURL) => {
    const manifest = credential({ target: 'OAuth2', oauth2: { grant: 'ClientCredentials', tokenURL } });
    const isFit = hasSchema(manifest) && readTokenEndpoint(tokenURL) !== undefined;
    const write = (): unknown => Credential.clientCredentials({ secret: { name: 's' }, tokenUrl: tokenURL });
    expect(isTaken(write)).toBe(isFit);
  });
});
