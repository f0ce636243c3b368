/** A git repository of manifests as a team has one: dist/examples in a folder, changed by commits. */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeKustomization } from '../../../apps/kustomization.ts';
import { repositoryRoot } from '../../../local/root.ts';
import { mustRun } from '../cluster/run-tool.ts';

const author = [
  '-c',
  'user.name=proof',
  '-c',
  'user.email=proof@example.invalid',
  '-c',
  'commit.gpgsign=false',
];
export const manifests = 'deploy';

export class Repository {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** dist/examples without the second agent, in its first commit. */
  static async create(directory: string): Promise<Repository> {
    const repository = new Repository(directory);
    const folder = join(directory, manifests);
    await mkdir(folder, { recursive: true });
    await repository.#git('init', '-q', '-b', 'main');
    const source = join(repositoryRoot, 'dist/examples');
    const names = (await readdir(source)).filter((name) => !name.includes('hello-shell'));
    for (const name of names) await copyFile(join(source, name), join(folder, name));
    await repository.commit('the examples');
    return repository;
  }

  async #git(...words: readonly string[]): Promise<string> {
    return (await mustRun('git', ['-C', this.directory, ...author, ...words])).trim();
  }

  /** The commit as Flux names it. */
  async commit(message: string): Promise<string> {
    writeKustomization(join(this.directory, manifests));
    await this.#git('add', '-A');
    await this.#git('commit', '-q', '-m', message);
    return this.head();
  }

  async revert(): Promise<string> {
    await this.#git('revert', '--no-edit', 'HEAD');
    return this.head();
  }

  async head(): Promise<string> {
    return this.#git('rev-parse', 'HEAD');
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.directory, manifests, name), text);
  }

  async edit(name: string, change: (text: string) => string): Promise<void> {
    const path = join(this.directory, manifests, name);
    const before = await readFile(path, 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`the edit of ${name} changes nothing`);
    await writeFile(path, after);
  }

  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.directory, manifests, name));
  }
}
