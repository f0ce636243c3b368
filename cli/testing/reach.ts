/**
 * What the agents of a chart may reach, for a test of the program that makes it: the same computation as `clrk reach`, over
 * what the charts of the app synthesize to. It must never answer for what it cannot see: that throws.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { compileManifests } from '../../operator/index.ts';
import { computeReach, defaultNamespace, reachSentences, type AgentReach } from '../../policy/index.ts';
import { readManifestSets } from '../reach/manifest-sets.ts';
import { UndecidedError } from '../reach/undecided.ts';
import { placesOf } from './place.ts';
import { problem } from './problem.ts';

/** A cdk8s Chart or App; only what is needed of one is asked for, so that no version of cdk8s is. */
export interface Reachable {
  readonly node: { readonly path: string };
}

/** What is known besides the charts. */
export interface ReachOptions {
  /**
   * Address ranges of the platform, which are never open.
   *
   * @default none
   */
  readonly platformCidrs?: readonly string[];
}

/** What one agent may reach. */
export interface AgentWays {
  /** Its name, with its namespace where there are several. */
  readonly agent: string;
  /** As `host:port`; empty: nothing. */
  readonly places: readonly string[];
}

/** What the agents of a chart may reach; whatever is not in it is refused. */
export interface Reach {
  readonly agents: readonly AgentWays[];
  /** As `clrk reach -o sentences` tells it. */
  readonly sentences: readonly string[];
}

interface Chart extends Reachable {
  toJson(): unknown[];
}

interface Tree {
  readonly root: { readonly charts?: readonly Chart[] };
  readonly scopes: readonly Reachable[];
}

const treeOf = ({ node }: Reachable): Tree => node as unknown as Tree;

interface Synthesized {
  readonly chart: Chart;
  readonly text: string;
  /** `Kind/namespace/name` of its objects. */
  readonly ids: ReadonlySet<string>;
}

interface Identified {
  readonly kind?: string;
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
}

function synthesize(chart: Chart): Synthesized {
  const objects = chart.toJson() as Identified[];
  const ids = objects.map(({ kind = '', metadata = {} }) => {
    return `${kind}/${metadata.namespace ?? defaultNamespace}/${metadata.name ?? ''}`;
  });
  return { chart, text: objects.map((object) => stringify(object)).join('---\n'), ids: new Set(ids) };
}

/**
 * Those asked about, and the others of the app: a route in any of them may attach to a gateway of these. One that holds an
 * object of an equal name is of another environment.
 */
function chartsFor(scope: Reachable): { readonly own: Synthesized[]; readonly others: Synthesized[] } {
  const all = (treeOf(scope).root.charts ?? [scope as Chart]).map(synthesize);
  const own = all.filter(({ chart }) => treeOf(chart).scopes.includes(scope));
  const taken = new Set(own.flatMap(({ ids }) => [...ids]));
  const others = all.filter((each) => !own.includes(each) && [...each.ids].every((id) => !taken.has(id)));
  return { own, others };
}

/** Its lines name files of a folder that will be gone: charts are what the reader knows. */
function explain(error: UndecidedError, root: string, charts: readonly Synthesized[]): Error {
  const lines = [error.message, ...error.more].map((line) =>
    line
      .replaceAll(join(root, '/'), '')
      .replaceAll(
        /chart-(\d+)\.yaml/g,
        (_, index: string) => `chart ${charts[Number(index)]?.chart.node.path ?? ''}`,
      ),
  );
  const hint = 'clrk validate tells all of it; environments that share names need an app each.';
  return problem(error.code, lines.join('\n'), hint);
}

function reachOf(scope: Reachable, root: string, { platformCidrs = [] }: ReachOptions): AgentReach[] {
  const { own, others } = chartsFor(scope);
  const charts = [...own, ...others];
  charts.forEach(({ text }, index) => writeFileSync(join(root, `chart-${index}.yaml`), text));
  try {
    const sets = readManifestSets(root, (objects) => compileManifests(objects, platformCidrs));
    const agents = sets.flatMap(({ documents }) => computeReach(documents));
    return agents.filter(({ agent }) => own.some(({ ids }) => ids.has(agent)));
  } catch (error) {
    throw error instanceof UndecidedError ? explain(error, root, charts) : error;
  }
}

/** Ids of agents as short as sentences have them. */
function shortNames(ids: readonly string[]): (id: string) => string {
  const namespaces = new Set(ids.map((id) => id.split('/')[1]));
  return (id) =>
    id
      .split('/')
      .slice(namespaces.size > 1 ? 1 : 2)
      .join('/');
}

function requireAgents(agents: readonly AgentReach[], scope: Reachable): void {
  if (agents.length === 0) {
    const hint = 'Give reach() the chart or the app that makes the agent.';
    throw problem('REACH_NO_AGENT', `there is no agent in ${scope.node.path || 'the app'}`, hint);
  }
}

/**
 * What the agents of a chart, or of all charts of an app, may reach. Other charts of the app count for what they open.
 *
 * @throws when it cannot be known: a manifest that is refused, a gateway that no chart makes, no agent
 */
export function reach(scope: Reachable, options: ReachOptions = {}): Reach {
  const root = mkdtempSync(join(tmpdir(), 'clrk-reach-'));
  try {
    const agents = reachOf(scope, root, options);
    requireAgents(agents, scope);
    const nameOf = shortNames(agents.map(({ agent }) => agent));
    return {
      agents: agents.map((each) => ({ agent: nameOf(each.agent), places: placesOf(each) })),
      sentences: reachSentences(agents),
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}
