/** One object against its schema, as findings. Objects of other groups are none of our business, except our own CRDs. */
import { isDeepStrictEqual } from 'node:util';
import { apiGroup, apiVersionName, customResourceDefinition, kinds } from '../api/index.ts';
import { editDistance } from '../contract/index.ts';
import type { Finding } from './finding.ts';
import { isObject } from './manifest/json.ts';
import { renderName, type Manifest } from './manifest/manifest.ts';
import { renderPath, type Path } from './manifest/path.ts';
import { checkKind } from './schema/kind-check.ts';
import type { Checked } from './world.ts';

export interface ObjectVerdict {
  readonly checked: Checked;
  readonly findings: readonly Finding[];
}

export function findingAt(
  manifest: Manifest,
  {
    rule,
    severity,
    message,
    hint,
    path,
  }: Pick<Finding, 'rule' | 'severity' | 'message' | 'hint'> & { readonly path: Path },
): Finding {
  const { apiVersion, kind, namespace, name, source } = manifest;
  return {
    rule,
    severity,
    message,
    hint,
    object: { apiVersion, kind, namespace, name },
    path: renderPath(path),
    location: manifest.locate(path),
    source,
  };
}

function refused(
  manifest: Manifest,
  rule: string,
  path: Path,
  words: readonly [message: string, hint: string],
): ObjectVerdict {
  const [message, hint] = words;
  return {
    checked: { manifest, spec: undefined },
    findings: [findingAt(manifest, { rule, severity: 'error', message, hint, path })],
  };
}

export function checkObject(manifest: Manifest): ObjectVerdict {
  const [group = '', version = ''] = manifest.apiVersion.split('/');
  if (group === apiGroup) return checkOurs(manifest, version);
  const crd = manifest.kind === 'CustomResourceDefinition' ? definitionVerdict(manifest) : undefined;
  return crd ?? { checked: { manifest, spec: undefined }, findings: [] };
}

function checkOurs(manifest: Manifest, version: string): ObjectVerdict {
  if (version !== apiVersionName) {
    const words = [
      `${apiGroup} has no version "${version}"`,
      `Write apiVersion: ${apiGroup}/${apiVersionName}.`,
    ] as const;
    return refused(manifest, 'unknown-kind', ['apiVersion'], words);
  }
  const verdict = checkKind(manifest);
  if (verdict === undefined) return refused(manifest, 'unknown-kind', ['kind'], unknownKind(manifest.kind));
  const findings = verdict.issues.map(({ path, message, isUnknownField }) => {
    const rule = isUnknownField === true ? 'unknown-field' : 'schema';
    const field = renderPath(path);
    const hint =
      rule === 'unknown-field'
        ? `${manifest.kind} has no such field here: check spelling and indentation.`
        : undefined;
    return findingAt(manifest, { rule, severity: 'error', message: `${field}: ${message}`, hint, path });
  });
  return { checked: { manifest, spec: verdict.spec }, findings };
}

function unknownKind(kind: string): readonly [string, string] {
  const message = `${apiGroup}/${apiVersionName} has no kind ${kind}`;
  if (kind === 'Invocation') return [message, 'Invocations are written by the platform only: remove it.'];
  const near = kinds.find((each) => editDistance(each.kind.toLowerCase(), kind.toLowerCase()) <= 2);
  return [
    message,
    near === undefined
      ? `There is ${kinds.map((each) => each.kind).join(', ')}.`
      : `Did you mean ${near.kind}?`,
  ];
}

function definitionVerdict(manifest: Manifest): ObjectVerdict | undefined {
  const { spec } = manifest;
  if (!isObject(spec) || spec['group'] !== apiGroup) return undefined;
  const definition = kinds.find(({ plural }) => manifest.name === `${plural}.${apiGroup}`);
  const hint = 'Commit the CRDs of this release, or validate with the release they are of.';
  if (definition === undefined) {
    return refused(manifest, 'crd-differs', [], [`this release has no ${renderName(manifest)}`, hint]);
  }
  const ours: unknown = JSON.parse(JSON.stringify(customResourceDefinition(definition)));
  if (isObject(ours) && isDeepStrictEqual(ours['spec'], spec)) return undefined;
  return refused(
    manifest,
    'crd-differs',
    ['spec'],
    [`${manifest.name} is not the definition of this release`, hint],
  );
}
