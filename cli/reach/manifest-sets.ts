/**
 * Manifests on disk as the documents reach is computed from: one set for each folder or environment that is applied on
 * its own. A closed set over half of the manifests would be a wrong answer: what could not be read, rendered, resolved or
 * told apart ends the command, or is listed in the report of one that asked to go on.
 */
import { relative } from 'node:path';
import { agentId, agentKinds } from '../../contract/index.ts';
import {
  ambiguousSets,
  defaultNamespace,
  isRepeatedNamespace,
  isUndecided,
  loadManifests,
  missingNamespaces,
  missingObjects,
  objectKey,
  sharedUnit,
  unknownLabels,
  World,
  type Finding,
  type Gap,
  type LoadedManifests,
  type LoadOptions,
  type Manifest,
  type ReachDocuments,
} from '../../policy/index.ts';
import { compiledObject, place, withNamespaces, type CompiledObject } from './compiled-object.ts';
import { notEnforcedLines } from './not-enforced.ts';
import { undecided } from './undecided.ts';

export interface ManifestSet {
  /** Name of the environment, or path of its folder below the one that was asked about; empty: that one. */
  readonly label: string;
  readonly documents: ReachDocuments;
}

export interface ManifestSets {
  readonly sets: readonly ManifestSet[];
  /** What could not be seen, one line each; not empty only with `assumePartial`. */
  readonly unseen: readonly string[];
  /** What the manifests ask for and this version does not do, one line each. */
  readonly notEnforced: readonly string[];
}

/** operator/compile's, passed in: it is loaded only by commands that need it. */
export type Compile = (objects: readonly CompiledObject[]) => ReachDocuments;

export interface SetOptions extends LoadOptions {
  readonly assumePartial: boolean;
}

interface Unit {
  readonly name: string;
  readonly objects: CompiledObject[];
  readonly checked: Array<{ readonly manifest: Manifest; readonly spec: unknown }>;
  readonly names: Map<string, Manifest>;
}

/** Two documents of one name in what is applied together: which of them counts, nobody can say. */
function claim(unit: Unit, manifest: Manifest): string | undefined {
  const key = objectKey(manifest);
  const first = unit.names.get(key);
  if (first === undefined) unit.names.set(key, manifest);
  if (first === undefined || isRepeatedNamespace(first, manifest)) return undefined;
  return `${place(manifest, [])}: ${manifest.kind} ${manifest.namespace ?? defaultNamespace}/${manifest.name} is also at ${place(first, [])}`;
}

function lineOf({ location: { file, line, column }, message, hint }: Finding): string {
  return `${file}:${line}:${column}: ${message}${hint === undefined ? '' : `. ${hint}`}`;
}

function gapLine({ manifest, path, message, hint }: Gap): string {
  return `${place(manifest, path)}: ${message}. ${hint}`;
}

interface Units {
  readonly units: ReadonlyMap<string, Unit>;
  readonly unseen: readonly string[];
}

class Sorting {
  readonly units = new Map<string, Unit>();
  readonly relevant: Manifest[] = [];
  readonly unseen: string[];

  constructor(problems: readonly Finding[]) {
    this.unseen = problems.filter(isUndecided).map(lineOf);
  }

  add(manifest: Manifest): void {
    const result = compiledObject(manifest);
    if (result === undefined) return;
    this.relevant.push(manifest);
    const unit = this.#unit(manifest.unit);
    const problem = claim(unit, manifest) ?? ('problem' in result ? result.problem : undefined);
    if (problem !== undefined) this.unseen.push(problem);
    // Refused by its schema, or one too many: it is known to be there, and that is all.
    const object = problem === undefined && 'object' in result ? result.object : undefined;
    unit.checked.push({ manifest, spec: object?.spec });
    if (object !== undefined) unit.objects.push(object);
  }

  #unit(name: string): Unit {
    const known = this.units.get(name);
    if (known !== undefined) return known;
    const fresh = { name, objects: [], checked: [], names: new Map<string, Manifest>() };
    this.units.set(name, fresh);
    return fresh;
  }
}

function sortIntoUnits({ manifests, problems, hasEnvironments = false }: LoadedManifests): Units {
  const sorting = new Sorting(problems);
  for (const manifest of manifests) sorting.add(manifest);
  const { units, unseen, relevant } = sorting;
  if (!hasEnvironments) unseen.push(...ambiguousSets(relevant).map(lineOf));
  unseen.push(...missingNamespaces(relevant).map(gapLine));
  return { units, unseen };
}

/** What is applied beside a unit: what all environments share, or whatever does not get in its way. */
function unitsAround(unit: Unit, units: ReadonlyMap<string, Unit>, hasEnvironments: boolean): Unit[] {
  if (hasEnvironments) return [...units.values()].filter(({ name }) => name === sharedUnit);
  return [...units.values()].filter((other) => other !== unit && !clash(unit, other));
}

function clash(a: Unit, b: Unit): boolean {
  return [...a.names].some(([key, manifest]) => {
    const other = b.names.get(key);
    return other !== undefined && !isRepeatedNamespace(manifest, other);
  });
}

function agentsOf(objects: readonly CompiledObject[]): Set<string> {
  const ids = objects.flatMap(({ kind, metadata: { namespace, name } }) =>
    agentKinds
      .filter((each) => each === kind)
      .map((each) => agentId({ kind: each, namespace: namespace ?? defaultNamespace, name })),
  );
  return new Set(ids);
}

function gapsOf(unit: Unit, others: readonly Unit[]): string[] {
  const around = others.flatMap(({ checked }) => checked);
  const world = new World(unit.checked, around);
  return [...unknownLabels(world), ...missingObjects(world)].map(gapLine);
}

function documentsOf(objects: readonly CompiledObject[], own: Set<string>, compile: Compile): ReachDocuments {
  const { gateways, pools, heard, standing } = compile(withNamespaces(objects));
  const kept = pools.map((pool) => ({
    ...pool,
    agents: pool.agents.filter((agent) => own.has(agentId(agent))),
  }));
  const ofOwn = <T>(all: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...all].filter(([id]) => own.has(id)));
  return {
    ...{ gateways, pools: kept },
    ...(heard === undefined ? {} : { heard: ofOwn(heard) }),
    ...(standing === undefined ? {} : { standing: ofOwn(standing) }),
  };
}

function settle(unseen: readonly string[], assumePartial: boolean): readonly string[] {
  const all = [...new Set(unseen)];
  if (all.length === 0 || assumePartial) return all;
  const hint = '`clrk validate` tells all of it; --assume-partial goes on without.';
  throw undecided('MANIFESTS_INCOMPLETE', all, hint);
}

/** For programs: all of it or an error, and what names no namespace is in the default one. */
export function readManifestSets(root: string, compile: Compile): readonly ManifestSet[] {
  return readReachInput(root, compile, { namespace: defaultNamespace, assumePartial: false }).sets;
}

/** Sets with agents in them, and what could not be seen of `root`. */
export function readReachInput(root: string, compile: Compile, options: SetOptions): ManifestSets {
  return setsOf(root, loadManifests([root], options), { compile, assumePartial: options.assumePartial });
}

/** All objects that are compiled, of every set. */
export function readObjects(root: string, options: SetOptions): readonly CompiledObject[] {
  const all: CompiledObject[] = [];
  const keep: Compile = (objects) => {
    all.push(...objects);
    return { gateways: [], pools: [] };
  };
  readReachInput(root, keep, options);
  return all;
}

/** The same of manifests that are loaded already. */
export function setsOf(
  root: string,
  loaded: LoadedManifests,
  { compile, assumePartial }: { readonly compile: Compile; readonly assumePartial: boolean },
): ManifestSets {
  if (loaded.manifests.length === 0 && loaded.problems.length === 0) {
    const why = `there are no manifests in ${root}`;
    throw undecided('MANIFESTS_MISSING', [why], 'Run `cdk8s synth`, or name a folder.');
  }
  const { units, unseen } = sortIntoUnits(loaded);
  const hasEnvironments = loaded.hasEnvironments === true;
  const gaps: string[] = [];
  const sets = [...units.values()].flatMap((unit): ManifestSet[] => {
    if (hasEnvironments && unit.name === sharedUnit && units.size > 1) return [];
    const others = unitsAround(unit, units, hasEnvironments).filter((other) => other !== unit);
    gaps.push(...gapsOf(unit, others));
    const objects = [...unit.objects, ...others.flatMap((other) => other.objects)];
    const own = agentsOf(hasEnvironments ? objects : unit.objects);
    if (own.size === 0) return [];
    const label = hasEnvironments ? unit.name : relative(root, unit.name);
    return [{ label, documents: documentsOf(objects, own, compile) }];
  });
  const notEnforced = notEnforcedLines([...units.values()].flatMap(({ objects }) => objects));
  return { sets, notEnforced, unseen: settle([...unseen, ...gaps], assumePartial) };
}
