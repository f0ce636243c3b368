/** How a project is checked on each pull request: for a new project, and for one that has a pipeline already. */
import { githubWorkflow } from './github-pipeline.ts';
import { gitlabJobs } from './gitlab-pipeline.ts';

/** Where the project is kept. */
export const forges = ['github', 'gitlab'] as const;
export type Forge = (typeof forges)[number];

export interface PipelineFile {
  readonly path: string;
  /** Without the newline at the end. */
  readonly text: string;
}

const about =
  '# Fails when a test fails, when dist/ is not what apps/ says, or when dist/ is wrong; comments what agents may newly reach.';

/** The pipeline of a new project. */
export const pipelineFiles: Readonly<Record<Forge, PipelineFile>> = {
  github: {
    path: '.github/workflows/ci.yaml',
    text: githubWorkflow({ about, install: 'npm ci', test: 'npm test', sarif: false }).trimEnd(),
  },
  gitlab: { path: '.gitlab-ci.yml', text: gitlabJobs({ about, test: 'npm test' }).trimEnd() },
};

const generated = 'Generated from cli/init/ by `npm run generate`.';

/** Path in `integrations/` to text. */
export const integrationFiles: ReadonlyMap<string, string> = new Map([
  [
    'github/workflow.yml',
    githubWorkflow({
      about: `# Copy to .github/workflows/clrk.yml. Fails a pull request whose manifests are stale, or refused by policy, and comments\n# what agents may newly reach. ${generated}`,
      install: 'npm ci --ignore-scripts',
      sarif: true,
    }),
  ],
  [
    'gitlab/clrk.gitlab-ci.yml',
    gitlabJobs({
      about: `# include: this file, then every merge request shows its findings in the diff and its change of reach as a comment.\n# ${generated}`,
    }),
  ],
]);
