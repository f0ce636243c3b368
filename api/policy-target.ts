/**
 * What every policy with targets shares: the target references, and the Gateway-API status with one entry a target. Apart
 * so that all policies attach and report the same way.
 */
import { Type } from 'typebox';
import { apiGroup } from './group.ts';
import { choice, labelLength, list, record, text, type Rule } from './field.ts';
import { conditions, statusOf } from './resource.ts';

/** When a target may have a section, and what the section is. */
interface Section extends Rule {
  readonly description: string;
}

const noSection: Section = {
  description: 'sectionName is refused: the policy applies to the whole route.',
  rule: '!has(self.sectionName)',
  message: 'sectionName is not supported here: remove it, the policy applies to the whole route',
};

export function policyTargetRef<const T extends readonly string[]>(targets: T, section: Section = noSection) {
  const { description, rule, message } = section;
  return record(
    'TargetReference names what the policy applies to, in the same namespace.',
    {
      group: Type.Optional(
        text('group is its API group; unset means clrk.apoxy.dev.', { pattern: '^clrk[.]apoxy[.]dev$' }),
      ),
      kind: choice('kind is its kind.', targets),
      name: text('name is its name.'),
      sectionName: Type.Optional(text(description)),
    },
    { rules: [{ rule, message }] },
  );
}

export function policyTargetRefs<const T extends ReturnType<typeof policyTargetRef>>(target: T) {
  return list('targetRefs are what the policy applies to.', target, { max: 16, min: 1 });
}

export function policyStatus() {
  return statusOf({
    ancestors: Type.Optional(
      list(
        'ancestors say for each target whether the policy applies.',
        record('PolicyAncestorStatus is the state at one target.', {
          ancestorRef: record('ancestorRef is the target.', {
            group: Type.Optional(text(`group is its API group, ${apiGroup}.`)),
            kind: Type.Optional(text('kind is its kind.', { max: labelLength })),
            namespace: Type.Optional(text('namespace is its namespace.', { max: labelLength })),
            name: text('name is its name.'),
            sectionName: Type.Optional(text('sectionName is one section of it.')),
          }),
          controllerName: Type.Optional(text('controllerName is who wrote this.')),
          conditions: Type.Optional(conditions()),
        }),
        { max: 16 },
      ),
    ),
  });
}
