/**
 * `clrk completion SHELL`: a small script that asks the hidden command `__complete` what could come next. The words
 * come from the program itself, names from the cluster within a second: a shell must never hang on a dead one.
 */
import { Command } from 'commander';
import { usageError } from '../exit-code.ts';
import { printLine, type Io } from '../io.ts';
import { examples, type AddCommand } from './command.ts';

const scripts: Readonly<Record<string, string>> = {
  bash: `_clrk() {
  local IFS=$'\\n'
  COMPREPLY=($(clrk __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _clrk clrk`,
  zsh: `#compdef clrk
_clrk() {
  local -a candidates
  candidates=("\${(@f)$(clrk __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _clrk clrk`,
  fish: `complete -c clrk -f -a '(clrk __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
};

const namedAgents = new Set(['logs', 'traces', 'run-task']);
const kindWords = [
  'taskagents',
  'workerpools',
  'agentsandboxrevisions',
  'approvals',
  'egressgateways',
  'egresshttproutes',
  'egressl4routes',
].concat(['aiproviderroutes', 'backends', 'credentialinjectionpolicies', 'invocations']);

function visible(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

export interface Candidates {
  readonly words: readonly string[];
  /** Ask the cluster for the names of this kind too. */
  readonly kind?: string;
}

/** The command the words lead to, and its arguments so far. */
function locate(program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const [first, ...more] = words;
  const next = program.commands.find((each) => each.name() === first);
  if (next !== undefined) return locate(next, more);
  return { command: program, rest: words.filter((word) => !word.startsWith('-')) };
}

function longOptions(command: Command): readonly string[] {
  return command.options.flatMap((option) => option.long ?? []);
}

function computeWords(command: Command, rest: readonly string[]): Candidates {
  if (command.commands.length > 0) return { words: visible(command).map((each) => each.name()) };
  if (command.name() === 'get')
    return rest[0] === undefined ? { words: kindWords } : { words: [], kind: rest[0] };
  return namedAgents.has(command.name()) && rest.length === 0
    ? { words: [], kind: 'taskagents' }
    : { words: [] };
}

/** What may follow, by the program alone. The last word is the one being typed. */
export function computeCandidates(program: Command, words: readonly string[]): Candidates {
  const current = words.at(-1) ?? '';
  const { command, rest } = locate(program, words.slice(0, -1));
  const candidates = current.startsWith('-')
    ? { words: [...longOptions(command), ...longOptions(program)] }
    : computeWords(command, rest);
  return { ...candidates, words: [...new Set(candidates.words)].filter((word) => word.startsWith(current)) };
}

async function fetchNames(io: Io, kind: string): Promise<readonly string[]> {
  try {
    const { openCluster } = await import('../cluster/open-cluster.ts');
    const { ownGroup, ownVersion } = await import('../cluster/discovery.ts');
    const cluster = await openCluster(io, {});
    const namespace = encodeURIComponent(cluster.namespace);
    const list = (await cluster.json({
      path: `/apis/${ownGroup}/${ownVersion}/namespaces/${namespace}/${encodeURIComponent(kind)}`,
      signal: AbortSignal.timeout(1_000),
    })) as { items: ReadonlyArray<{ metadata: { name: string } }> };
    return list.items.map((item) => item.metadata.name);
  } catch {
    // No cluster, no names: completion says nothing rather than disturb the prompt.
    return [];
  }
}

async function complete(io: Io, program: Command, words: readonly string[]): Promise<void> {
  const candidates = computeCandidates(program, words);
  const current = words.at(-1) ?? '';
  const names = candidates.kind === undefined ? [] : await fetchNames(io, candidates.kind);
  const all = [...candidates.words, ...names.filter((name) => name.startsWith(current))];
  if (all.length > 0) await printLine(io, all.join('\n'));
}

export const addCompletion: AddCommand = ({ program, io }) => {
  program
    .command('completion <shell>')
    .description('Print the completion script of bash, zsh or fish')
    .addHelpText(
      'before',
      examples(
        'source <(clrk completion bash)',
        'clrk completion fish > ~/.config/fish/completions/clrk.fish',
      ),
    )
    .action(async (shell: string) => {
      const script = scripts[shell];
      if (script === undefined)
        throw usageError(`no completion for "${shell}"`, 'There are bash, zsh and fish.');
      await printLine(io, script);
    });
  program.command('__complete [words...]', { hidden: true }).action(async (words: string[]) => {
    await complete(io, program, words);
  });
};
