/** S39: credentials in manifests, in whatever field, with few false alarms. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namesSecret, secretShape } from '../../policy/secret-text.ts';
import { documents, gateway, messages, object, pool } from './judge.ts';

// In pieces, so that no scanner takes this file for a leak.
const github = `ghp_${'a1B2'.repeat(9)}`;
const aws = `AKIA${'ABCD1234'.repeat(2)}`;
const random = 'q8Zr4Lw0Tn7Xb2Kd9Vf5Gy1Hs6Jp3Mc';

const task = (spec: string, metadata = ''): string =>
  object('TaskAgent', 'a', `{ workerPoolRef: p, template: { spec: { image: x/y:1, ${spec} } } }`).replace(
    'namespace: t }',
    `namespace: t${metadata} }`,
  );

describe('S39: every string field of every object', () => {
  test.each([
    ['env', task(`env: [{ name: X, value: ${github} }]`)],
    ['an argument among others', task(`args: ["--header", "x-key: ${github}"]`)],
    ['command', task(`command: [sh, -c, "curl -u a:${github}"]`)],
    ['an annotation', task('env: []', `, annotations: { note: ${github} }`)],
    [
      'a label of a template',
      task(`env: []`).replace('{ spec: { image', `{ metadata: { annotations: { k: ${aws} } }, spec: { image`),
    ],
    [
      'a URL with a password',
      object(
        'EgressGateway',
        'x',
        `{ listeners: [{ name: ${'all'}, protocol: TCP }], otlp: { endpoint: "https://a:${random}@o.example.com" } }`,
      ),
    ],
    [
      'an otlp header',
      object(
        'EgressGateway',
        'x',
        `{ listeners: [{ name: all, protocol: TCP }], otlp: { endpoint: "https://o.example.com", headers: { api-key: abcdefgh } } }`,
      ),
    ],
    [
      'scheduled input',
      object(
        'TaskAgent',
        'a',
        `{ workerPoolRef: p, scheduleInput: { deep: [{ er: ${github} }] }, template: { spec: { image: x/y:1 } } }`,
      ),
    ],
    [
      'a ConfigMap',
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { openai.env: "A=b\\nKEY=${random}\\nC=d" }\n`,
    ],
    [
      'a ConfigMap, by the key’s name',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { DB_PASSWORD: hunter22 }\n',
    ],
    [
      'a Secret’s base64',
      `apiVersion: v1\nkind: Secret\nmetadata: { name: c }\ndata: { x: ${Buffer.from(github).toString('base64')} }\n`,
    ],
    [
      'a ConfigMap’s base64',
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\nbinaryData: { x: ${Buffer.from(`a\n${github}\nb`).toString('base64')} }\n`,
    ],
    ['base64 in an argument', task(`args: [${Buffer.from(`token ${github}`).toString('base64')}]`)],
    [
      'a Secret’s text',
      'apiVersion: v1\nkind: Secret\nmetadata: { name: c }\nstringData: { token: hunter22 }\n',
    ],
    [
      'a Deployment of somebody else',
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: d }\nspec: { template: { spec: { containers: [{ env: [{ name: API_KEY, value: abcdefgh }] }] } } }\n`,
    ],
    ['an object its schema refuses', object('TaskAgent', 'a', `{ nonsense: ${github} }`)],
  ])('%s', (_, text) => {
    const told = messages(documents(pool, text), 'secret-in-env');
    expect(told).toHaveLength(1);
    expect(told.join()).not.toMatch(/ghp_|AKIA|hunter22|q8Zr/);
  });

  test.each([
    ['a placeholder', task('env: [{ name: OPENAI_API_KEY, value: placeholder }]')],
    [
      'the name of a Secret in a variable',
      task('env: [{ name: CONFIG_SECRET, value: team-ingress-config }]'),
    ],
    [
      'a Secret that says it is none',
      `apiVersion: v1\nkind: Secret\nmetadata: { name: c }\ndata: { token: ${Buffer.from('placeholder').toString('base64')} }\n`,
    ],
    ['a path', task('env: [{ name: BEARER_TOKEN, value: /var/run/token }]')],
    ['a count', task('env: [{ name: STOP_TOKEN, value: "50256" }]')],
    [
      'an image by digest',
      object(
        'TaskAgent',
        'a',
        `{ workerPoolRef: p, template: { spec: { image: "x/y@sha256:${'0a1b2c3d'.repeat(8)}" } } }`,
      ),
    ],
    [
      'the name of a Secret',
      object(
        'CredentialInjectionPolicy',
        'c',
        '{ targetRefs: [{ kind: EgressGateway, name: gw }], secretRef: { name: openai-api-key }, secretKey: api_key, target: Header, headerName: Authorization, headerValuePrefix: "Bearer " }',
      ),
    ],
    ['a uuid and a commit', task(`args: [0a1b2c3d-1111-4222-8333-444455556666, ${'0a1b2c3d'.repeat(5)}]`)],
    ['a long name in camel case', task('args: [thisIsAVeryLongIdentifierOfSomething2Handler3]')],
    [
      'a certificate',
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { ca.crt: "-----BEGIN CERTIFICATE-----\\nMIIB${random}\\n-----END CERTIFICATE-----" }\n`,
    ],
    [
      'a script in base64',
      task(`args: ["${Buffer.from('#!/bin/sh\necho hello Welt 12').toString('base64')}"]`),
    ],
  ])('not %s', (_, text) => {
    expect(messages(documents(pool, gateway, text), 'secret-in-env')).toEqual([]);
  });
});

test('random keys are found, ordinary words of this repository are not', () => {
  const keys = Array.from({ length: 500 }, () =>
    randomBytes(48).toString('base64').replaceAll(/[+/=]/g, '').slice(0, 40),
  );
  const found = keys.filter((key) => secretShape(key) !== undefined).length;
  expect(found).toBeGreaterThan(450);
  const texts = [
    '../../README.md',
    '../../docs/constructs/README.md',
    '../../constructs/imports/clrk.apoxy.dev.ts',
    '../../crds/clrk.apoxy.dev_taskagents.yaml',
  ];
  const words = texts.flatMap(
    (path) => readFileSync(new URL(path, import.meta.url), 'utf8').match(/[\w/-]{24,}/g) ?? [],
  );
  expect(words.length).toBeGreaterThan(500);
  expect(words.filter((word) => secretShape(word) !== undefined)).toEqual([]);
});

test('any text is judged in linear time, and what is told never holds it', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 200 }),
      fc.constantFrom('eyJ-', 'sk-', 'a:', '-----BEGIN A ', 'SG.', 'x='),
      (text, piece) => {
        const long = piece.repeat(5_000) + text;
        const start = process.cpuUsage();
        const shape = secretShape(long);
        expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
        expect(namesSecret('API_KEY', 'placeholder')).toBe(false);
        if (shape !== undefined && text.length > 30) expect(shape).not.toContain(text);
      },
    ),
    { numRuns: 60 },
  );
});
