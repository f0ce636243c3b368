/**
 * The CEL rules of a schema, each evaluated at the values it stands for. A subtree without rules is never entered, and
 * values are turned into CEL's (integers are 64 bits wide) only where a rule looks at them.
 */
import { isList, isObject, type Json, type JsonObject } from '../manifest/json.ts';
import { compileCel, type CelRule } from './cel.ts';
import type { Walk } from './walk.ts';

interface Node {
  readonly rules: readonly CelRule[];
  readonly properties: ReadonlyMap<string, Node>;
  /** Those of them that lead to a rule. */
  readonly ruled: ReadonlyArray<readonly [string, Node]>;
  readonly others: Node | undefined;
  readonly items: Node | undefined;
  /** A rule here or below. */
  readonly hasRules: boolean;
  /** An integer here or below, which CEL must not take for a double. */
  readonly hasIntegers: boolean;
  readonly isInteger: boolean;
}

export type CelCheck = (value: Json, walk: Walk) => void;

export function compileCelWalk(schema: JsonObject): CelCheck {
  const root = compileNode(schema);
  return (value, walk) => visit(root, value, walk);
}

function rulesOf(schema: JsonObject): CelRule[] {
  const validations = schema['x-kubernetes-validations'];
  if (!isList(validations)) return [];
  return validations.flatMap((each) => {
    if (!isObject(each) || typeof each['rule'] !== 'string') return [];
    const rule = compileCel(
      each['rule'],
      typeof each['message'] === 'string' ? each['message'] : `failed rule: ${each['rule']}`,
    );
    return rule.isTransition ? [] : [rule];
  });
}

function inner(value: Json | undefined): Node | undefined {
  return isObject(value) ? compileNode(value) : undefined;
}

function compileNode(schema: JsonObject): Node {
  const properties = new Map(
    Object.entries(isObject(schema['properties']) ? schema['properties'] : {}).flatMap(([name, each]) => {
      const node = inner(each);
      return node === undefined ? [] : [[name, node] as const];
    }),
  );
  const others = inner(schema['additionalProperties']);
  const items = inner(schema['items']);
  const below = [...properties.values(), ...[others, items].filter((node) => node !== undefined)];
  const rules = rulesOf(schema);
  const isInteger = schema['type'] === 'integer' || schema['x-kubernetes-int-or-string'] === true;
  return {
    rules,
    properties,
    ruled: [...properties].filter(([, node]) => node.hasRules),
    others,
    items,
    hasRules: rules.length > 0 || below.some((node) => node.hasRules),
    hasIntegers: isInteger || below.some((node) => node.hasIntegers),
    isInteger,
  };
}

function visit(node: Node, value: Json, walk: Walk): void {
  if (!node.hasRules) return;
  if (node.rules.length > 0) {
    const self = toCel(node, value);
    for (const rule of node.rules) {
      const problem = rule.problem(self);
      if (problem !== undefined) walk.add(problem);
    }
  }
  visitBelow(node, value, walk);
}

function visitBelow(node: Node, value: Json, walk: Walk): void {
  if (isList(value)) {
    const { items } = node;
    if (items?.hasRules !== true) return;
    value.forEach((item, index) => walk.within(index, () => visit(items, item, walk)));
    return;
  }
  if (!isObject(value)) return;
  for (const [key, child] of node.ruled) {
    const each = value[key];
    if (each !== undefined) walk.within(key, () => visit(child, each, walk));
  }
  visitOthers(node, value, walk);
}

function visitOthers({ properties, others }: Node, value: JsonObject, walk: Walk): void {
  if (others?.hasRules !== true) return;
  for (const [key, each] of Object.entries(value)) {
    if (each !== undefined && !properties.has(key)) walk.within(key, () => visit(others, each, walk));
  }
}

function toCel(node: Node, value: Json): unknown {
  if (!node.hasIntegers) return value;
  if (node.isInteger) return typeof value === 'number' ? BigInt(value) : value;
  if (isList(value))
    return node.items === undefined ? value : value.map((item) => toCel(node.items ?? node, item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const child = node.properties.get(key) ?? node.others;
      return [key, child === undefined || each === undefined ? each : toCel(child, each)];
    }),
  );
}
