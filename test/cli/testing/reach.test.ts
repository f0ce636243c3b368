/** `clrk/testing` in a test as a person writes it: what passes, what fails, and what the failure says. */
import { App, Chart } from 'cdk8s';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  AIProviderRoute,
  Credential,
  EgressGateway,
  TaskAgent,
  WorkerPool,
  type IEgressGateway,
} from '../../../constructs/index.ts';
import { reach, reachMatchers } from '../../../cli/testing/index.ts';
import type { Reachable } from '../../../cli/testing/index.ts';

let app: App;
let chart: Chart;
let gateway: EgressGateway;
beforeEach(() => {
  app = new App();
  chart = new Chart(app, 'team', { namespace: 'agents' });
  gateway = new EgressGateway(chart, 'out');
});

function agent(name: string, egress: IEgressGateway = gateway, inChart = chart): TaskAgent {
  const pool = WorkerPool.fromName('default');
  return new TaskAgent(inChart, name, { image: 'ghcr.io/acme/agent:1.0.0', pool, egress: [egress] });
}

function judge(scope: Reachable, listed: readonly string[]): string {
  const { pass, message } = reachMatchers.toReachOnly(reach(scope), listed);
  return pass ? 'pass' : message();
}

describe('toReachOnly', () => {
  test('passes for all that is reached, as host:port or as sentences, in any order', () => {
    agent('hello');
    gateway.allowHosts(['api.github.com', '*.example.com']);
    gateway.denyHost('uploads.example.com');
    gateway.allowProvider('openai', {
      models: ['gpt-4o*'],
      credential: Credential.bearer({ name: 'openai' }),
    });
    gateway.allowCidrs(['10.20.0.0/16'], { ports: [5432, 5433, 6000] });
    const places = [
      'hello -> *.example.com except uploads.example.com:443',
      '10.20.0.0/16:6000',
      '10.20.0.0/16:5432-5433',
      'api.github.com:443',
      'hello → api.openai.com:443',
    ];
    expect(judge(chart, places)).toBe('pass');
    const { sentences } = reach(chart);
    expect(sentences.join('\n')).toContain('agent `hello` may reach `api.openai.com:443` over HTTPS');
    expect(judge(chart, sentences.toReversed())).toBe('pass');
  });

  test.each<[string, readonly string[], readonly string[]]>([
    ['more than the list', ['api.github.com:443'], ['+ files.example.com:443']],
    [
      'less than the list',
      ['api.github.com:443', 'files.example.com:443', 'gone.example.com:443'],
      ['- gone.example.com:443'],
    ],
    [
      'another port',
      ['api.github.com:80', 'files.example.com:443'],
      ['+ api.github.com:443', '- api.github.com:80'],
    ],
    [
      'another agent',
      ['hello -> api.github.com:443', 'bye -> files.example.com:443'],
      ['+ files.example.com:443'],
    ],
    ['nothing', [], ['+ api.github.com:443', '+ files.example.com:443']],
    [
      'another way',
      ['agent `hello` may reach `api.github.com:443` over TCP'],
      ['+ agent `hello` may reach `'],
    ],
  ])('fails for %s, and says which', (_what, listed, lines) => {
    agent('hello');
    gateway.allowHosts(['api.github.com', 'files.example.com']);
    const message = judge(chart, listed);
    for (const line of lines) expect(message).toContain(line);
    expect(message).toContain('hello may reach');
  });

  test('an agent that reaches nothing passes for the empty list only', () => {
    agent('hello');
    expect(judge(chart, [])).toBe('pass');
    expect(judge(chart, ['api.github.com:443'])).toContain('nothing is reached');
  });

  test('a host that two agents may reach is listed once, or for each', () => {
    agent('hello');
    agent('bye').connect(new EgressGateway(chart, 'second'));
    gateway.allowHost('api.github.com');
    expect(judge(chart, ['api.github.com:443'])).toBe('pass');
    expect(judge(chart, ['hello -> api.github.com:443'])).toContain('+ bye -> api.github.com:443');
  });

  test('is for what reach() returns, and taken by vitest', () => {
    agent('hello');
    const extended: Record<string, (received: unknown, listed: readonly string[]) => { pass: boolean }> = {};
    expect.extend(reachMatchers);
    Object.assign(extended, reachMatchers);
    expect(extended['toReachOnly']?.(reach(chart), []).pass).toBe(true);
    expect(() => extended['toReachOnly']?.(chart, [])).toThrow('about what reach() returns');
  });

  test.each([
    ['neither host:port nor a sentence', ['api.github.com']],
    ['not of both', ['api.github.com:443', 'agent `hello` may reach nothing']],
  ])('a list that cannot be right is refused: %s', (message, listed) => {
    agent('hello');
    expect(() => judge(chart, listed)).toThrow(message);
  });
});

describe('reach', () => {
  test('what a route in another chart of the app opens counts', () => {
    agent('hello');
    gateway.allowRoutesFrom(['keys']);
    expect(judge(chart, [])).toBe('pass');
    new AIProviderRoute(new Chart(app, 'keys', { namespace: 'keys' }), 'openai', {
      gateways: [gateway],
      rules: [{ matches: [{ provider: 'openai' }] }],
    });
    expect(judge(chart, ['api.openai.com:443'])).toBe('pass');
    expect(judge(app, ['api.openai.com:443'])).toBe('pass');
  });

  test('is about the agents of the chart that is asked about', () => {
    agent('hello');
    gateway.allowHost('api.github.com');
    const other = new Chart(app, 'other', { namespace: 'other' });
    agent('bye', new EgressGateway(other, 'theirs'), other);
    expect(reach(chart).agents).toEqual([{ agent: 'hello', places: ['api.github.com:443'] }]);
    expect(reach(other).agents).toEqual([{ agent: 'bye', places: [] }]);
    expect(reach(app).agents.map((each) => each.agent)).toEqual(['agents/hello', 'other/bye']);
  });

  test('what cannot be known is no "nothing": it throws', () => {
    expect(() => reach(chart)).toThrow('there is no agent in team');
    agent('hello', EgressGateway.fromName('shared'));
    expect(() => reach(chart)).toThrow('EgressGateway agents/shared does not exist');
  });

  test('manifests that are refused are told with their chart', () => {
    const made = agent('hello');
    made.apiObject.addJsonPatch({
      _toJson: () => ({ op: 'add', path: '/spec/timeout', value: 'soon' }),
    } as never);
    expect(() => reach(chart)).toThrow(/chart team.*TaskAgent.*timeout/s);
  });
});
