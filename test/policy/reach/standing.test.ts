/** What persons allowed for a time: as sentences and rows, at a moment, as a change, and inside a boundary. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StandingAnswer } from '../../../decision/index.ts';
import { compileManifests } from '../../../operator/compile/index.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import {
  computeReach,
  diffReach,
  judgeWithin,
  parseBoundary,
  reachRows,
  reachSentences,
  type ReachDocuments,
} from '../../../policy/reach/index.ts';
import { Platform } from './gateway-oracle.ts';
import { mcpAttempt, type Attempt } from './random/attempt.ts';
import { countedDocuments, httpDocuments } from './random/documents.ts';
import { httpAttempt } from './random/http.ts';
import { agentIds } from './random/vocabulary.ts';
import { parseSentence, parseStanding } from './sentence-parser.ts';

function object(kind: string, name: string, spec: object, more: object = {}, uid?: string): KubeObject {
  const metadata = { namespace: 'team', name, ...(uid === undefined ? {} : { uid }) };
  return { apiVersion: 'clrk.apoxy.dev/v1alpha1', kind, metadata, spec, ...more } as KubeObject;
}
const agent = object('TaskAgent', 'triage', { workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] });
const gatewayOf = (more: object = {}) =>
  object('EgressGateway', 'g', { listeners: [{ name: 'tls', protocol: 'HTTPS' }], ...more });
const web = (more: object = { approval: 'Required' }, methods = ['POST']) =>
  object('EgressHTTPRoute', 'web', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['mail.example.com'],
    rules: [{ matches: [{ methods, path: { type: 'PathPrefix', value: '/v1' } }], ...more }],
  });
interface Change {
  readonly decision?: object;
  readonly request?: object;
  readonly call?: object;
  readonly status?: object;
  readonly name?: string;
}
const call = { method: 'POST', host: 'mail.example.com', port: 443, path: '/v1/send' };
const approval = ({ decision, request, call: shown, status, name = 'ask-0123456789abcdef' }: Change = {}) =>
  object(
    'Approval',
    name,
    {
      request: {
        ...{ id: '0123456789abcdef', gateway: 'g', agent: { kind: 'TaskAgent', name: 'triage', uid: 'u-1' } },
        ...{ invocation: 'i', route: { kind: 'EgressHTTPRoute', namespace: 'team', name: 'web' } },
        ...{ key: 'a'.repeat(64), call: { ...call, ...shown }, expiresAt: '2026-01-01T00:04:30Z' },
        ...request,
      },
      decision: { answer: 'Allow', for: 'Agent', ttl: '1h', decidedBy: 'alice', ...decision },
    },
    { status: { validUntil: '2026-01-01T01:00:00Z', ...status } },
  );
const noon = Date.parse('2026-01-01T00:30:00Z');
const compiled = (objects: readonly KubeObject[], at = noon) => compileManifests([agent, ...objects], [], at);
const allowed = (objects: readonly KubeObject[], at?: number): string[] =>
  reachSentences(computeReach(compiled(objects, at))).filter((each) => each.includes('without asking'));
const base = [gatewayOf(), web()];
const words =
  'without asking until `2026-01-01T01:00:00Z` call `POST` on path `/v1/send` at `mail.example.com:443`: allowed by `alice` in Approval `team/ask-0123456789abcdef`, asked by `EgressHTTPRoute/team/web` of gateway `team/g`';

describe('an Approval that lasts', () => {
  test('is a sentence beside the way that asks, and a row', () => {
    const reach = computeReach(compiled([...base, approval()]));
    expect(reachSentences(reach)).toEqual([
      "agent `triage` may reach `mail.example.com:443` over HTTPS: for calls by `POST` at or below `/v1`; with a person's approval",
      `agent \`triage\` may ${words}`,
    ]);
    expect(reachRows(reach)[1]).toEqual([
      ...['triage', 'mail.example.com', '443', 'HTTPS, HTTP', 'without asking: POST on path /v1/send', '-'],
      'until 2026-01-01T01:00:00Z; allowed by alice in Approval team/ask-0123456789abcdef, asked by EgressHTTPRoute/team/web of gateway team/g',
      'team/g',
    ]);
  });

  test.each([
    ['once', { decision: { for: 'Once', ttl: undefined } }],
    ['for one invocation', { decision: { for: 'Invocation' } }],
    ['and nobody decided', { decision: { for: undefined } }],
    ['to deny', { decision: { answer: 'Deny' } }],
    ['for a gateway that is gone', { request: { gateway: 'h' } }],
    [
      'by a route that is gone',
      { request: { route: { kind: 'EgressHTTPRoute', namespace: 'team', name: 'x' } } },
    ],
    ['for a path that no rule takes', { call: { path: '/v2/send' } }],
    ['for a method that no rule takes', { call: { method: 'DELETE' } }],
    ['at a place that nothing opens', { call: { host: 'other.example.com' } }],
  ])('given %s is none', (_how, change) => {
    expect(allowed([...base, approval(change)])).toEqual([]);
  });

  test('ends: at its last second it is there, then it is not; and before it was seen its time has not begun', () => {
    expect(allowed([...base, approval()], Date.parse('2026-01-01T00:59:59Z'))).toHaveLength(1);
    expect(allowed([...base, approval()], Date.parse('2026-01-01T01:00:00Z'))).toEqual([]);
    const unseen = approval({ decision: { ttl: '90s' }, status: { validUntil: undefined } });
    expect(allowed([...base, unseen])[0]).toContain('until `2026-01-01T00:31:30Z`');
    expect(reachSentences(computeReach(compileManifests([agent, ...base, approval()], [])))).toHaveLength(1);
  });

  test('lets nothing pass where the rule asks no more, and is about the agent of its UID alone', () => {
    expect(allowed([gatewayOf(), web({}), approval()])).toEqual([]);
    const named = { ...agent, metadata: { ...agent.metadata, uid: 'u-2' } } as KubeObject;
    const told = reachSentences(computeReach(compileManifests([named, ...base, approval()], [], noon)));
    expect(told.filter((each) => each.includes('without asking'))).toEqual([]);
  });

  test('of several the longest is told, and a denial of the same calls wins', () => {
    const later = approval({ name: 'ask-b', status: { validUntil: '2026-01-01T02:00:00Z' } });
    expect(allowed([...base, approval(), later])).toEqual([expect.stringContaining('T02:00:00Z')]);
    const denial = approval({ name: 'ask-c', decision: { answer: 'Deny' } });
    expect(allowed([...base, approval(), denial])).toEqual([]);
    const over = approval({
      name: 'ask-c',
      decision: { answer: 'Deny' },
      status: { validUntil: '2026-01-01T00:10:00Z' },
    });
    expect(allowed([...base, approval(), over])).toHaveLength(1);
  });

  test('about a tool, and about what no route opens', () => {
    const mcp = object('MCPRoute', 'tools', {
      parentRefs: [{ name: 'g' }],
      hostnames: ['mcp.example.com'],
      rules: [{ filters: [{ type: 'ToolPolicy', toolPolicy: { requireConfirmation: ['send_*'] } }] }],
    });
    const about = (tool: string) =>
      approval({
        request: { route: { kind: 'MCPRoute', namespace: 'team', name: 'tools' } },
        call: { method: 'tools/call', host: 'mcp.example.com', path: '/mcp', tool, cut: true },
      });
    expect(allowed([gatewayOf(), mcp, about('send_mail')])).toEqual([
      expect.stringContaining('call tool `send_mail` on path `/mcp` told in part at `mcp.example.com:443`'),
    ]);
    expect(allowed([gatewayOf(), mcp, about('read_mail')])).toEqual([]);
    const asked = approval({ request: { route: { kind: 'EgressGateway', namespace: 'team', name: 'g' } } });
    expect(allowed([gatewayOf({ onUnlisted: 'Ask' }), asked])).toHaveLength(1);
    expect(allowed([gatewayOf(), asked])).toEqual([]);
  });
});

describe('as a change', () => {
  const changes = (before: ReachDocuments, after: ReachDocuments): string[] =>
    diffReach(before, after).map(({ direction, sentence }) => `${direction}: ${sentence}`);
  const [without, withIt] = [compiled(base), compiled([...base, approval()])];

  test('more, less, and until another time or by another person', () => {
    expect(changes(without, withIt)).toEqual([`added: agent \`triage\` may now ${words}`]);
    expect(changes(withIt, without)).toEqual([`removed: agent \`triage\` may no longer ${words}`]);
    expect(changes(withIt, withIt)).toEqual([]);
    const other = compiled([...base, approval({ decision: { decidedBy: 'bob' } })]);
    expect(changes(withIt, other)).toEqual([
      expect.stringMatching(/^changed: .* allowed by `bob` .*; before until `2026.*Z`, allowed by `alice`/),
    ]);
  });

  test('where one side does not say what persons allowed, nothing is said', () => {
    const { standing: _standing, ...unknown } = withIt;
    expect(changes(unknown, withIt)).toEqual([]);
  });
});

test('a boundary holds what persons allowed as it holds what they may be asked', () => {
  const within = (path: string) =>
    judgeWithin(
      compiled([...base, approval()]),
      parseBoundary(
        `version: 1\nrows: [{destinations: [mail.example.com], ports: [443], endpoints: [${path}], methods: [POST]}]`,
      ),
    ).kind;
  expect(within("'/v1', '/v1/*'")).toBe('contained');
  expect(within('/v1/other')).toBe('outside');
});

const user = fc.string({ maxLength: 20 });

/** A person is asked about each tool that passes. */
function confirming({ gateways, pools }: ReachDocuments): ReachDocuments {
  const asking = gateways.map((document) => ({
    ...document,
    mcpRoutes: (document.mcpRoutes ?? []).map((route) => ({
      ...route,
      rules: route.rules.map((rule) => ({
        ...rule,
        toolPolicies: rule.toolPolicies.map((policy) => ({ ...policy, requireConfirmation: ['*_*'] })),
      })),
    })),
  }));
  return { gateways: asking, pools };
}

/** What a person is asked about an attempt, answered for all the agent's calls like it. */
function answered(documents: ReachDocuments, attempts: readonly Attempt[], by: string): StandingAnswer[] {
  const platform = new Platform(documents);
  const all = attempts.flatMap((attempt): StandingAnswer[] => {
    const question = platform.question(attempt);
    if (question === undefined) return [];
    const { key, route, call: shown } = question.found;
    const until = '2026-01-01T01:00:00Z';
    const own = { approval: `d/ask-${key.slice(0, 16)}`, agent: attempt.agent, gateway: question.gateway };
    return [{ ...own, ...{ route, key, call: shown, answer: 'Allow', by, until } }];
  });
  return [...new Map(all.map((each) => [`${each.agent} ${each.gateway} ${each.key}`, each])).values()];
}

test.each([
  ['HTTP rules', httpDocuments, httpAttempt],
  ['tools', countedDocuments.map(confirming), mcpAttempt],
])(
  'whatever is asked about and allowed is told, and read back: %s',
  (_name, sets, attempt) => {
    let told = 0;
    fc.assert(
      fc.property(
        sets,
        fc.array(attempt, { minLength: 60, maxLength: 60 }),
        user,
        (documents, attempts, by) => {
          const answers = answered(documents, attempts, by);
          const standing = new Map(
            agentIds.map((id) => [id, answers.filter((each) => each.agent === id)] as const),
          );
          const reach = computeReach({ ...documents, standing });
          const wanted = answers.map(({ agent: _agent, key: _key, answer: _answer, ...rest }) => {
            const { method, host, port, path, model, tool, cut } = rest.call;
            const shown = JSON.parse(
              JSON.stringify({ method, host, port, path, model, tool, cut }),
            ) as object;
            return JSON.parse(JSON.stringify({ ...rest, call: shown })) as object;
          });
          const sentences = reachSentences(reach);
          const read = sentences.map(parseStanding).filter((each) => each !== undefined);
          for (const sentence of sentences) parseSentence(sentence);
          expect(read.map((each) => each.answer)).toHaveLength(wanted.length);
          expect(read.map((each) => each.answer)).toEqual(expect.arrayContaining(wanted));
          told += wanted.length;
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
    expect(told).toBeGreaterThan(0);
  },
  120_000,
);
