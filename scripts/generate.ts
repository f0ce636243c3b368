/**
 * Writes what is generated: from api/ crds/*.yaml and, with `cdk8s import`, the L1 constructs; from constructs/ their
 * reference in docs/constructs; from policy/ the pages of docs/rules; from cli/
 * the pipelines of integrations/. Works offline and gives the same bytes each time,
 * so that CI can demand that what is committed is what the sources say.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { writeKustomization } from '../apps/index.ts';
import { apiGroup, customResourceDefinition, kinds } from '../api/index.ts';
import { integrationFiles } from '../cli/index.ts';
import { referencePages } from './api-reference.ts';
import { capabilityList, capabilityPage } from './capability-docs.ts';
import { architectureParts, renderParts } from './architecture.ts';
import { agentPage, type AgentRow } from './agent-page.ts';
import { providerPage, type MatrixRun } from './provider-matrix.ts';
import { reliabilityPage, type FaultSeen } from './reliability-page.ts';
import { rulePages } from './rule-pages.ts';
import { securityTable, type MutantResult } from './security-table.ts';
import { readSourceFiles } from './source-files.ts';

const header = '# Generated from api/ by `npm run generate`. Do not edit.\n';

/** File name to text. */
export function crdFiles(): Map<string, string> {
  return new Map(
    kinds.map((kind) => [
      `${apiGroup}_${kind.plural}.yaml`,
      header + stringify(customResourceDefinition(kind), { aliasDuplicateObjects: false, lineWidth: 0 }),
    ]),
  );
}

function writeCrds(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const files = crdFiles();
  for (const name of readdirSync(directory))
    if (name.endsWith('.yaml') && !files.has(name)) rmSync(join(directory, name));
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  writeKustomization(directory);
}

function writePages(directory: string, pages: ReadonlyMap<string, string>): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of pages) writeFileSync(join(directory, name), text);
}

/** The generator writes enums and parameter properties, which erasing types cannot run: the same as plain objects. */
export function erasable(source: string): string {
  return source
    .replace(/^import \{ ([^}]*) \} from 'cdk8s';$/gm, (_line, names: string) => {
      const types = /^(ApiObjectMetadata|GroupVersionKind)$/;
      const marked = names.split(', ').map((name) => (types.test(name) ? `type ${name}` : name));
      return `import { ${marked.join(', ')} } from 'cdk8s';`;
    })
    .replace(/^export enum (\w+) \{\n([^}]*)\}$/gm, (_block, name: string, members: string) => {
      const fields = members.replace(/^( {2}\w+) = /gm, '$1: ');
      return `export const ${name} = {\n${fields}} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`;
    })
    .replace(
      /^ {2}private constructor\(public readonly value: ([^)]*)\) \{\n {2}\}/gm,
      '  public readonly value: $1;\n  private constructor(value: $1) {\n    this.value = value;\n  }',
    );
}

function importConstructs(root: string): void {
  const output = join(root, 'constructs/imports');
  mkdirSync(output, { recursive: true });
  const inputs = [...crdFiles().keys()].map((name) => join(root, 'crds', name));
  const cdk8s = join(root, 'node_modules/cdk8s-cli/bin/cdk8s');
  const combined = join(output, '.crds.yaml');
  try {
    writeFileSync(combined, inputs.map((path) => readFileSync(path, 'utf8')).join('---\n'));
    execFileSync(
      process.execPath,
      [cdk8s, 'import', '--language', 'typescript', '--no-save', '-o', output, combined],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, CDK8S_DISABLE_ANALYTICS: '1', CDK8S_CHECK_UPGRADE: 'false' },
      },
    );
  } finally {
    rmSync(combined, { force: true });
  }
  for (const name of readdirSync(output).filter((each) => each.endsWith('.ts'))) {
    const path = join(output, name);
    writeFileSync(path, erasable(readFileSync(path, 'utf8')));
  }
}

/** A page that a person wrote, with its generated parts anew. */
function replaceParts(root: string, path: string, parts: ReadonlyMap<string, string>): void {
  const place = join(root, path);
  writeFileSync(place, renderParts(path, readFileSync(place, 'utf8'), parts));
}

const languages = [
  ['Node: `openai`, `@anthropic-ai/sdk`, `@google/genai`, `@aws-sdk/client-bedrock-runtime`', 'node'],
  ['Python: `openai`, `anthropic`, `google-genai`, `boto3`', 'python'],
] as const;

/** What the last run of the matrix saw. */
export function readMatrix(root: string): Map<string, MatrixRun> {
  return new Map(
    languages.map(([title, name]) => [
      title,
      JSON.parse(readFileSync(join(root, 'docs/providers', `${name}.json`), 'utf8')) as MatrixRun,
    ]),
  );
}

/** What the last run of the agents' matrix saw. */
export function readAgents(root: string): readonly AgentRow[] {
  return JSON.parse(readFileSync(join(root, 'docs/agents.json'), 'utf8')) as readonly AgentRow[];
}

/** What the last run of the faults saw. */
export function readFaults(root: string): readonly FaultSeen[] {
  return JSON.parse(readFileSync(join(root, 'docs/reliability/matrix.json'), 'utf8')) as readonly FaultSeen[];
}

/** One page a construct; a page whose construct is gone goes too. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = process.cwd();
  writeFileSync(join(root, 'docs/providers.md'), providerPage(readMatrix(root)));
  writeFileSync(join(root, 'docs/agents.md'), agentPage(readAgents(root)));
  writeFileSync(join(root, 'docs/reliability.md'), reliabilityPage(readFaults(root)));
  for (const [path, text] of integrationFiles) writeFileSync(join(root, 'integrations', path), text);
  writeCrds(join(root, 'crds'));
  importConstructs(root);
  writePages(join(root, 'docs/constructs'), referencePages());
  writePages(join(root, 'docs/rules'), rulePages(root));
  writeFileSync(join(root, 'docs/not-enforced.md'), capabilityPage());
  replaceParts(root, 'README.md', new Map([['not enforced', capabilityList()]]));
  const files = readSourceFiles(root);
  replaceParts(root, 'docs/architecture.md', architectureParts(files));
  const results = JSON.parse(readFileSync(join(root, 'docs/mutants.json'), 'utf8')) as MutantResult[];
  replaceParts(root, 'docs/security.md', new Map([['promises', securityTable(files, results)]]));
}
