/** A person of the end-to-end tests who may decide Approvals and nothing else: a ServiceAccount, its kubeconfig, and `clrk approvals`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Approval } from '../../api/index.ts';
import type { KubeObject } from '../../local/kube/object.ts';
import { namespace } from './agents.ts';
import { clrk, type Finished } from './clrk-command.ts';
import type { DevPlatform } from './dev-platform.ts';

interface Kubeconfig {
  readonly users: Array<{ user: unknown }>;
}

export class Approver implements Disposable {
  readonly #platform: DevPlatform;
  readonly #folder = mkdtempSync(join(tmpdir(), 'clrk-e2e-person-'));
  readonly user: string;

  private constructor(platform: DevPlatform, name: string) {
    this.#platform = platform;
    this.user = `system:serviceaccount:${namespace}:${name}`;
  }

  static async create(platform: DevPlatform, name: string): Promise<Approver> {
    const metadata = { name, namespace };
    await platform.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }, {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'clrk-approver' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    } as KubeObject);
    const approver = new Approver(platform, name);
    const config = JSON.parse(await platform.must('config', 'view', '--raw', '-o', 'json')) as Kubeconfig;
    const token = (await platform.must('create', 'token', name)).trim();
    for (const each of config.users) each.user = { token };
    writeFileSync(approver.#kubeconfig, JSON.stringify(config), { mode: 0o600 });
    return approver;
  }

  get #kubeconfig(): string {
    return join(this.#folder, 'kubeconfig');
  }

  /** `clrk approvals …` as this person. */
  approvals(...args: readonly string[]): Promise<Finished> {
    const where = ['--kubeconfig', this.#kubeconfig, '-n', namespace];
    return clrk(this.#platform.home.root, 'approvals', ...args, ...where);
  }

  /** What of an agent waits, as the list has it. */
  async waiting(agent: string): Promise<readonly Approval[]> {
    const { code, stdout, stderr } = await this.approvals('list', '-o', 'json');
    if (code !== 0) throw new Error(stderr);
    const all = stdout.trim() === '' ? [] : (JSON.parse(stdout) as readonly Approval[]);
    return all.filter(({ spec }) => spec.request.agent.name === agent && spec.decision === undefined);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
