/** SARIF 2.1.0, for code scanning. The location is the TypeScript line when it is known; the YAML line is then related. */
import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { renderName, type Location } from '../manifest/manifest.ts';
import type { Finding } from '../finding.ts';
import type { ValidationReport } from '../validate.ts';
import { placeOf } from './place.ts';
import { docsPath, ruleTexts } from './rule-text.ts';

const levels = { error: 'error', warn: 'warning', info: 'note' } as const;

/** A relative path as a relative URI reference, an absolute one as file:. */
function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href;
  return file
    .split('/')
    .filter((part) => part !== '.')
    .map(encodeURIComponent)
    .join('/');
}

function physical({ file, line, column }: Location): Record<string, unknown> {
  return {
    artifactLocation: { uri: uriOf(file) },
    region: { startLine: Math.max(1, line), startColumn: Math.max(1, column) },
  };
}

/** The same finding has the same fingerprint when lines move. */
export function fingerprint({ rule, object, path, message, location }: Finding): string {
  const subject =
    object === undefined ? location.file : `${object.kind}/${object.namespace ?? ''}/${object.name}`;
  return createHash('sha256')
    .update(JSON.stringify([rule, subject, path, message]))
    .digest('hex')
    .slice(0, 32);
}

function result(finding: Finding, suppression?: string): Record<string, unknown> {
  const { rule, severity, message, object, path, location, source } = finding;
  const subject = object === undefined ? '' : `${renderName(object)}: `;
  const logical =
    object === undefined
      ? []
      : [
          {
            fullyQualifiedName: `${object.kind}/${object.namespace ?? ''}/${object.name}/${path}`,
            kind: 'object',
          },
        ];
  return {
    ruleId: rule,
    ruleIndex: ruleTexts.findIndex(({ id }) => id === rule),
    level: levels[severity],
    message: { text: `${subject}${message}` },
    locations: [
      {
        physicalLocation: physical(placeOf(finding)),
        ...(logical.length === 0 ? {} : { logicalLocations: logical }),
      },
    ],
    ...(source === undefined
      ? {}
      : {
          relatedLocations: [
            { id: 1, physicalLocation: physical(location), message: { text: 'the manifest' } },
          ],
        }),
    partialFingerprints: { 'clrk/v1': fingerprint(finding) },
    ...(suppression === undefined
      ? {}
      : { suppressions: [{ kind: 'external', justification: suppression }] }),
  };
}

export function renderSarif({ findings, waived, undecided }: ValidationReport): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'clrk validate',
            rules: ruleTexts.map(({ id, severity, title, why, fix }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
              help: { text: `${fix} (${docsPath(id)})` },
              defaultConfiguration: { level: levels[severity] },
            })),
          },
        },
        invocations: [{ executionSuccessful: !undecided }],
        columnKind: 'utf16CodeUnits',
        results: [
          ...findings.map((finding) => result(finding)),
          ...waived.map(({ finding, waiver }) =>
            result(finding, `${waiver.reason} (${waiver.owner}, until ${waiver.expires})`),
          ),
        ],
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
