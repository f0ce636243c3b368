/** Each rule: one set of manifests that breaks it and one, as near as can be, that does not. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judgeManifests, parseManifestText, ruleTexts } from '../../policy/index.ts';

const here = new URL('rules/', import.meta.url);
// Shown by tests of their own: files and waivers, not manifests.
const elsewhere = new Set(['unreadable', 'waivers-unreadable', 'waiver-expired', 'waiver-unused']);
const ids = ruleTexts.map(({ id }) => id).filter((id) => !elsewhere.has(id));

function found(file: string): { readonly rule: string; readonly line: number; readonly message: string }[] {
  const { manifests, problems } = parseManifestText(readFileSync(new URL(file, here), 'utf8'), file);
  return [...problems, ...judgeManifests(manifests)].map(({ rule, location, message }) => ({
    rule,
    line: location.line,
    message,
  }));
}

describe.each(ids)('%s', (id) => {
  test('is broken by bad.yaml, at a line of its own', () => {
    const own = found(`${id}/bad.yaml`).filter(({ rule }) => rule === id);
    expect(own).not.toEqual([]);
    for (const { message } of own) expect(message).not.toMatch(/undefined|\[object|sk-proj/);
  });

  test('is kept by good.yaml, and no other error is there', () => {
    const all = found(`${id}/good.yaml`);
    expect(all.filter(({ rule }) => rule === id)).toEqual([]);
    const severity = new Map(ruleTexts.map((rule) => [rule.id, rule.severity]));
    expect(all.filter(({ rule }) => severity.get(rule) === 'error')).toEqual([]);
  });

  test('has its page', () => {
    expect(existsSync(new URL(`../../docs/rules/${id}.md`, import.meta.url))).toBe(true);
  });
});

test('findings point at the offending line', () => {
  const places: Readonly<Record<string, string>> = {
    'secret-in-env': 'OPENAI_API_KEY',
    'allow-all-gateway': 'defaultPolicy: allow-all',
    'wildcard-public-suffix': '*.co.uk',
    'route-not-attached': 'parentRefs',
    'budget-without-cap': 'tokenBudget',
    'unresolved-reference': 'workerPoolRef: pol',
  };
  for (const [id, text] of Object.entries(places)) {
    const lines = readFileSync(new URL(`${id}/bad.yaml`, here), 'utf8').split('\n');
    const [own] = found(`${id}/bad.yaml`).filter(({ rule }) => rule === id);
    expect(`${id}: ${lines[(own?.line ?? 0) - 1] ?? ''}`).toContain(text);
  }
});
