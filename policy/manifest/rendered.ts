/** Kustomizations and Helm charts as the manifests they render to, or what kept them from being rendered. */
import { basename, join } from 'node:path';
import { kustomizationFile } from './kustomization.ts';
import { programPath, runProgram, type Programs, type Rendering } from './render-program.ts';
import type { Unseen } from './unseen.ts';

export interface RenderedText {
  /** The file that says what to render: the place of everything in it. */
  readonly path: string;
  readonly unit: string;
  readonly text: string;
}

export interface RenderedFolders {
  readonly texts: readonly RenderedText[];
  readonly problems: readonly Unseen[];
}

interface Task {
  readonly folder: string;
  readonly path: string;
  readonly program: keyof Programs;
  readonly args: readonly string[];
  /** What renders it by hand. */
  readonly byHand: string;
}

function kustomizeTask(folder: string): Task {
  const byHand = `kubectl kustomize ${folder}`;
  return { folder, path: kustomizationFile(folder), program: 'kubectl', args: ['kustomize', folder], byHand };
}

function helmTask(folder: string, namespace: string | undefined): Task {
  const name =
    basename(folder)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]/g, '-')
      .slice(0, 53) || 'release';
  const place = namespace === undefined ? [] : ['--namespace', namespace];
  const args = ['template', name, folder, '--include-crds', ...place];
  return {
    folder,
    path: join(folder, 'Chart.yaml'),
    program: 'helm',
    args,
    byHand: `helm template ${folder}`,
  };
}

const kinds = { kubectl: 'a kustomization', helm: 'a Helm chart' } as const;

function run({ path, program, args, byHand }: Task, programs: Programs): Rendering | Unseen {
  const found = programPath(program, programs);
  const hint = `Or give its output: \`${byHand} | clrk validate -\`.`;
  if (found === undefined) {
    const message = `is ${kinds[program]}, and there is no ${program} to render it`;
    return { path, message, hint: `Install ${program}. ${hint}` };
  }
  const rendering = runProgram(found, args);
  if ('text' in rendering) return rendering;
  return { path, message: `cannot be rendered: ${rendering.failure}`, hint: `Correct it. ${hint}` };
}

export interface RenderInput {
  /** Folders with a kustomization that is applied on its own. */
  readonly kustomizations: readonly string[];
  readonly charts: readonly string[];
  readonly namespace: string | undefined;
  readonly programs: Programs;
}

export function renderFolders({ kustomizations, charts, namespace, programs }: RenderInput): RenderedFolders {
  const tasks = [...kustomizations.map(kustomizeTask), ...charts.map((each) => helmTask(each, namespace))];
  const texts: RenderedText[] = [];
  const problems: Unseen[] = [];
  for (const task of tasks) {
    const result = run(task, programs);
    if (!('text' in result)) problems.push(result as Unseen);
    else texts.push({ path: task.path, unit: task.folder, text: result.text });
  }
  return { texts, problems };
}
