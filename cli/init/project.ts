/**
 * The files of a new project, as text. Pure, so that a test can read them; the command writes them. What they pin is what
 * this program was built and tested with.
 */
import packageJson from '../../package.json' with { type: 'json' };
import { agentFiles } from './agent-files.ts';
import { pipelineFiles, type Forge } from './pipeline-files.ts';

export interface ProjectOptions {
  /** Name of the package. */
  readonly name: string;
  /** Where npm finds @clrk/constructs: a version, or `file:` and a tarball. */
  readonly constructs: string;
  /** Where npm finds clrk. */
  readonly clrk: string;
  readonly forge: Forge;
}

const versions: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies }),
);

function pinned(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, versions.get(name) ?? '*']));
}

function manifest({ name, constructs, clrk }: ProjectOptions): string {
  const text = {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: packageJson.engines,
    scripts: {
      synth: 'cdk8s synth --check-upgrade=false',
      test: 'tsc --noEmit && vitest run',
      validate: 'clrk validate dist/',
    },
    dependencies: { '@clrk/constructs': constructs, ...pinned(['cdk8s', 'constructs']) },
    devDependencies: {
      ...pinned(['@types/node', 'cdk8s-cli']),
      clrk,
      ...pinned(['tsx', 'typescript', 'vitest']),
    },
  };
  return JSON.stringify(text, null, 2);
}

const cdk8s = `# \`npm run synth\`: everything below dist/ is what this program writes. dist/ is committed and reviewed.
language: typescript
app: node --import tsx apps/main.ts
output: dist
# A synth fails on what \`clrk validate\` refuses.
validations:
  - package: ./node_modules/clrk
    version: ${packageJson.version}
    class: ClrkValidation`;

const tsconfig = `{
  "compilerOptions": {
    "target": "es2023",
    "module": "nodenext",
    "types": ["node"],
    "noEmit": true,
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "exactOptionalPropertyTypes": true,
    "verbatimModuleSyntax": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true
  },
  "include": ["apps", "test"]
}`;

function readme(name: string, pipeline: string): string {
  return `# ${name}

Agents that run on CLRK, as code.

    npm install
    npm test           # types and tests
    npm run synth      # apps/ to dist/
    npm run validate   # is dist/ right, and closed but for what is meant

- \`apps/main.ts\` says what runs. \`dist/\` is what the cluster gets: commit it, so that a review sees both.
- Argo CD or Flux syncs \`dist/\`; by hand it is \`npx clrk apply -f dist/\`.
- Keys are in Secrets of the agents' namespace; the manifests only name them. The example wants one:
  \`npx clrk -n agents secret set openai --from-env OPENAI_API_KEY\`
- \`${pipeline}\` runs all of the above on each pull request, and fails when \`dist/\` is not what
  \`apps/\` says.`;
}

/** Path to text, everything a project needs before \`npm install\`. */
export function projectFiles(options: ProjectOptions): ReadonlyMap<string, string> {
  const pipeline = pipelineFiles[options.forge];
  const files = {
    'package.json': manifest(options),
    'cdk8s.yaml': cdk8s,
    'tsconfig.json': tsconfig,
    // Synth writes where on this machine each object was made; `clrk validate` points there.
    '.gitignore': ['node_modules/', '*.log', 'clrk-sources.json', 'construct-metadata.json'].join('\n'),
    'README.md': readme(options.name, pipeline.path),
    ...agentFiles,
    [pipeline.path]: pipeline.text,
  };
  return new Map(Object.entries(files).map(([path, text]) => [path, `${text}\n`]));
}
