/** Argo CD's own controller and repo-server against the development platform; see the set-up of Flux. */
import type { TestProject } from 'vitest/node';
import { setUpGitops } from '../flux/set-up.ts';

export default (project: TestProject): Promise<() => Promise<void>> => setUpGitops(project, 'argo-up');
