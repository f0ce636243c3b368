import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { computeCandidates } from '../../cli/commands/completion.ts';
import { buildProgram } from '../../cli/program.ts';
import { discovery, json, StandInServer } from './stand-in-server.ts';

const server = new StandInServer();
beforeAll(() => server.start());
afterAll(() => server.stop());

const root = fileURLToPath(new URL('../..', import.meta.url));
function clrk(...words: readonly string[]) {
  return spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...words], {
    cwd: root,
    env: { ...process.env, KUBECONFIG: server.kubeconfig },
  });
}

const program = buildProgram({} as Parameters<typeof buildProgram>[0], () => undefined);

async function examplesOf(name: string): Promise<string[]> {
  const { stdout } = await server.run([name, '--help']);
  const [, text = ''] = /^Examples:\n((?: {2}\S.*\n)+)/.exec(stdout) ?? [];
  return text.split('\n').filter((line) => line !== '');
}

/** Is there such a command, with such flags? */
function isKnown(words: readonly string[]): boolean {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next === undefined) break;
    command = next;
  }
  const flags = [...command.options, ...program.options, ...(command.parent?.options ?? [])];
  const known = new Set(flags.flatMap(({ short, long }) => [short, long]));
  const given = words.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.split('=')[0]);
  return command !== program && given.every((flag) => known.has(flag));
}

describe('command line', () => {
  test.each([
    ['no words show the help', [], 0],
    ['--help', ['--help'], 0],
    ['help of a command', ['get', '--help'], 0],
    ['help of a command below a command', ['image', 'build', '--help'], 0],
    ['an unknown command', ['gte'], 2],
    ['an unknown command below a command', ['image', 'bild'], 2],
    ['an unknown flag', ['version', '--clinet'], 2],
    ['a missing argument', ['logs'], 2],
    ['one argument too many', ['logs', 'a', 'b'], 2],
    ['an unknown provider', ['dev', '--provider', 'none'], 2],
    ['a password without --password-stdin', ['image', 'push', 'x', '--username', 'u'], 2],
  ])('%s: %j ends with %d', async (_, words, code) => {
    expect((await server.run(words)).code).toBe(code);
  });

  test('a slip of the finger is told what was meant', async () => {
    expect((await server.run(['gte'])).stderr).toContain('Did you mean get?');
    expect((await server.run(['get', 'x', '--wathc'])).stderr).toContain('Did you mean --watch?');
  });

  test('help begins with examples, for every command', async () => {
    const names = program
      .createHelp()
      .visibleCommands(program)
      .filter((each) => each.name() !== 'help');
    const silent = await Promise.all(
      names.map(async (each) => ((await examplesOf(each.name())).length === 0 ? [each.name()] : [])),
    );
    expect(silent.flat()).toEqual([]);
    expect((await server.run(['--help'])).stdout).toContain('Exit codes:');
  });

  test('what the examples say is there: commands, and every flag', async () => {
    const lines = await Promise.all([...program.commands].map((each) => examplesOf(each.name())));
    const wrong = lines.flat().filter((line) => {
      const said = line.split(/\s*(?:\||&&|<\(|\))\s*/).filter((part) => /(?:^|\s)clrk /.test(part));
      return said.some((part) => !isKnown(part.slice(part.indexOf('clrk ') + 5).split(/\s+/)));
    });
    expect(wrong).toEqual([]);
  });

  test('what the pages say is there, too', () => {
    const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
    const said = pages
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) => readFileSync(join(root, path), 'utf8').split('\n'))
      .flatMap((line) =>
        [...line.matchAll(/(?:^|[`( ])clrk ([a-z-]+(?![\w/.-])[^`|;#<>)]*)/g)].map(
          ([, words]) => words ?? '',
        ),
      );
    const wrong = said.filter((words) => !isKnown(words.trim().split(/\s+/)));
    expect(said.length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });

  test('global flags are understood before and after the command', async () => {
    server.on('GET /apis/clrk.apoxy.dev/v1alpha1', json(discovery));
    const path = 'GET /apis/clrk.apoxy.dev/v1alpha1/namespaces/other/taskagents';
    server.on(path, json({ kind: 'TaskAgentList', apiVersion: 'x/v1', items: [] }));
    for (const words of [
      ['-n', 'other', 'get', 'ta'],
      ['get', 'ta', '-n', 'other'],
      ['get', 'ta', '--namespace=other'],
    ]) {
      expect((await server.run([...words, '-o', 'json'])).code).toBe(0);
    }
  });

  test('the version, with and without a server', async () => {
    const client = JSON.parse((await server.run(['version', '--client', '-o', 'json'])).stdout) as object;
    expect(client).toEqual({ client: { version: '0.1.0', node: process.versions.node } });
    server.on('GET /version', json({ gitVersion: 'v1.34.2' }));
    expect((await server.run(['version'])).stdout).toContain(
      'Platform: <not installed>\nKubernetes: v1.34.2',
    );
  });
});

describe('completion', () => {
  const io = {} as Parameters<typeof buildProgram>[0];
  const words = (...typed: readonly string[]) =>
    computeCandidates(
      buildProgram(io, () => undefined),
      typed,
    );

  test.each([
    [['lo'], ['logs']],
    [
      ['image', ''],
      ['build', 'push', 'ls', 'help'],
    ],
    [['get', 'worker'], ['workerpools']],
    [['logs', '--ti'], ['--timestamps']],
    [['get', 'ta', '--kube'], ['--kubeconfig']],
  ])('%j', (typed, expected) => {
    expect(words(...typed).words).toEqual(expected);
  });

  test('names come from the cluster where names belong', () => {
    expect(words('logs', '')).toEqual({ words: [], kind: 'taskagents' });
    expect(words('get', 'wp', '')).toEqual({ words: [], kind: 'wp' });
  });

  test.each(['bash', 'zsh', 'fish'])('%s has a script', async (shell) => {
    expect((await server.run(['completion', shell])).stdout).toContain('__complete');
  });
});

describe('the process', () => {
  test('an unreachable server is three lines and exit code 1, without a stack', async () => {
    const child = clrk('get', 'ta', '--kubeconfig', '/nonexistent/kubeconfig');
    const [errors, [code]] = await Promise.all([
      text(child.stderr),
      once(child, 'close') as Promise<[number]>,
    ]);
    expect(code).toBe(1);
    expect(errors.trim().split('\n').length).toBeLessThanOrEqual(3);
  });

  test('a reader that goes away ends it quietly', async () => {
    const child = clrk('--help');
    child.stdout.destroy();
    const [errors] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(errors).toBe('');
  });

  test('Ctrl-C ends a watch with 130', async () => {
    server.reset();
    server.on('GET /apis/clrk.apoxy.dev/v1alpha1', json(discovery));
    const child = clrk('get', 'ta', '-w');
    server.on('GET /apis/clrk.apoxy.dev/v1alpha1/namespaces/team/taskagents', (response, request) => {
      if (request.query.get('watch') === 'true') return void child.kill('SIGINT');
      return json({ kind: 'Table', metadata: { resourceVersion: '1' }, columnDefinitions: [], rows: [] })(
        response,
        request,
      );
    });
    expect((await once(child, 'close'))[0]).toBe(130);
  });
});
