/**
 * The condition `Enforced=False`, reason NotEnforced, on any object that asks for what this version does not do, naming the
 * fields. Where every status goes through, so that no controller can forget it. Pure.
 */
import { notEnforcedOf, renderNotEnforced } from '../contract/index.ts';
import { previousConditions } from './pending.ts';
import {
  setConditions,
  type Condition,
  type Finding,
  type KubeObject,
  type Resource,
} from './runtime/index.ts';

/** Undefined: everything the object asks for is carried out. */
export function enforcedFinding({ kind }: Pick<Resource, 'kind'>, object: KubeObject): Finding | undefined {
  const fields = notEnforcedOf(kind, object);
  if (fields.length === 0) return undefined;
  const message = [...new Set(fields.map(renderNotEnforced))].join('; ');
  return { type: 'Enforced', status: 'False', reason: 'NotEnforced', message };
}

interface Status {
  readonly conditions?: readonly Condition[];
}

export function withEnforcement(
  resource: Pick<Resource, 'kind'>,
  object: KubeObject,
  status: Status,
  now: number,
): object {
  const finding = enforcedFinding(resource, object);
  if (finding === undefined) return status;
  const context = {
    previous: previousConditions(object),
    generation: object.metadata?.generation ?? 0,
    now,
  };
  return { ...status, conditions: [...(status.conditions ?? []), ...setConditions([finding], context)] };
}
