/**
 * A workflow of GitHub Actions that checks a project of agents. The job that runs the project's code may only read; the
 * one that comments runs nothing of it.
 */
import { boundaryStep, committedStep, githubCommentStep, reachStep } from './ci-step.ts';

export interface GithubPipeline {
  /** Lines of comment above it. */
  readonly about: string;
  readonly install: string;
  /** Steps between install and synth. */
  readonly test?: string;
  /** Findings for the Security tab too, which needs a right of its own. */
  readonly sarif: boolean;
}

function indent(text: string, spaces: number): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(spaces) + line))
    .join('\n');
}

function step(name: string, run: string): string {
  return run.includes('\n')
    ? `      - name: ${name}\n        shell: bash\n        run: |\n${indent(run, 10)}`
    : `      - name: ${name}\n        run: ${run}`;
}

const reach = `      - name: reach
        id: reach
        if: \${{ !cancelled() && github.event_name == 'pull_request' }}
        shell: bash
        env:
          CLRK_BASE: origin/\${{ github.base_ref }}
          CLRK_COMMAND: npx --no-install clrk
        run: |
${indent(reachStep, 10)}
      - uses: actions/upload-artifact@v4
        if: always() && steps.reach.outcome != 'skipped'
        with:
          name: clrk-reach
          path: clrk-reach.md`;

// The variable of the repository or organisation names a file; a step that checks it out of another repository comes before.
const boundary = `      - name: boundary
        shell: bash
        env:
          CLRK_BOUNDARY: \${{ vars.CLRK_BOUNDARY }}
        run: |
${indent(boundaryStep, 10)}`;

const upload = `      - uses: github/codeql-action/upload-sarif@v3
        if: always() && hashFiles('clrk.sarif') != ''
        with:
          sarif_file: clrk.sarif`;

const comment = `  comment:
    needs: check
    # A fork's token may not comment; its reach is in the summary of the run.
    if: \${{ !cancelled() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository }}
    runs-on: ubuntu-latest
    permissions:
      pull-requests: write
    steps:
      - uses: actions/download-artifact@v4
        with:
          name: clrk-reach
      - name: comment
        shell: bash
        env:
          GH_TOKEN: \${{ github.token }}
          CLRK_REPOSITORY: \${{ github.repository }}
          CLRK_NUMBER: \${{ github.event.pull_request.number }}
        run: |
${indent(githubCommentStep, 10)}`;

export function githubWorkflow({ about, install, test, sarif }: GithubPipeline): string {
  const reports = sarif ? ' --report sarif=clrk.sarif --report junit=clrk.xml' : '';
  const steps = [
    '      - uses: actions/checkout@v5\n        with:\n          # The target branch too: reach is compared with it.\n          fetch-depth: 0',
    '      - uses: actions/setup-node@v5\n        with:\n          node-version: 22\n          cache: npm',
    step('install', install),
    step('drift', 'npx --no-install clrk drift --no-cluster'),
    ...(test === undefined ? [] : [step('test', test)]),
    step('synth', 'npx --no-install cdk8s synth --check-upgrade=false'),
    step('committed', committedStep),
    step('validate', `npx --no-install clrk validate dist -o github${reports}`),
    ...(sarif ? [upload] : []),
    boundary,
    reach,
  ];
  return `${about}
name: clrk
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    permissions:
      contents: read${sarif ? '\n      security-events: write' : ''}
    steps:
${steps.join('\n')}
${comment}
`;
}
