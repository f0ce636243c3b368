/** Environment variables and references as agents and workers write them. */
import { Type } from 'typebox';
import { flag, labelLength, list, opaque, quantity, record, stringMap, text } from './field.ts';

const variableName = 'name is the variable; letters, digits, dots, dashes and underscores.';
const variablePattern = '^[-._a-zA-Z][-._a-zA-Z0-9]*$';

const configMapKeyRef = record(
  'configMapKeyRef takes the value from a key of a ConfigMap in the same namespace.',
  {
    name: text('name is the ConfigMap.'),
    key: text('key is the key in it.'),
    optional: Type.Optional(
      flag('optional leaves the variable out when the key is missing; unset means it must exist.'),
    ),
  },
);

const resourceFieldRef = record('resourceFieldRef takes the value from a limit or request of a container.', {
  containerName: Type.Optional(
    text('containerName is the container; unset means the worker.', { max: labelLength }),
  ),
  resource: text('resource is the limit or request, such as limits.cpu.'),
  divisor: Type.Optional(quantity('divisor is the unit of the value; unset means 1.')),
});

const fieldRef = record('fieldRef takes the value from a field of the object.', {
  apiVersion: Type.Optional(
    text('apiVersion is the version fieldPath is written for; unset means v1.', { max: 63 }),
  ),
  fieldPath: text('fieldPath is the field, such as metadata.name.'),
});

/** Variables of an agent: never a secret, because agents are untrusted. */
export function agentEnvironment() {
  const valueFrom = record(
    'valueFrom takes the value from elsewhere; unset means value is used.',
    {
      configMapKeyRef: Type.Optional(configMapKeyRef),
      fieldRef: Type.Optional(fieldRef),
      resourceFieldRef: Type.Optional(opaque('resourceFieldRef is refused: agents have no container.')),
      secretKeyRef: Type.Optional(opaque('secretKeyRef is refused: agents never hold secrets.')),
    },
    {
      rules: [
        {
          rule: '!has(self.secretKeyRef)',
          message:
            'an agent never holds a secret: remove secretKeyRef and let a CredentialInjectionPolicy inject it at the gateway',
        },
        {
          rule: '!has(self.resourceFieldRef)',
          message:
            'resourceFieldRef is not supported for agents: write the number as value, it is that of spec.resources',
        },
      ],
    },
  );
  return list(
    'env are environment variables of the agent; unset means only those the platform sets.',
    record(
      'EnvVar is one environment variable.',
      {
        name: text(variableName, { pattern: variablePattern }),
        value: Type.Optional(text('value is the literal value; unset means empty.', { min: 0, max: 32_768 })),
        valueFrom: Type.Optional(valueFrom),
      },
      {
        rules: [
          {
            rule: "!has(self.valueFrom) || !has(self.value) || self.value == ''",
            message: 'set value or valueFrom, not both',
          },
        ],
      },
    ),
    { max: 128, keys: ['name'] },
  );
}

/** Variables of a worker pod, which the platform trusts. */
export function workerEnvironment() {
  const secretKeyRef = record('secretKeyRef takes the value from a key of a Secret in the same namespace.', {
    name: text('name is the Secret.'),
    key: text('key is the key in it.'),
    optional: Type.Optional(
      flag('optional leaves the variable out when the key is missing; unset means it must exist.'),
    ),
  });
  return list(
    'env are further variables of the worker container; POD_NAME, POD_NAMESPACE and CLRK_POOL_NAME are dropped.',
    record('EnvVar is one environment variable.', {
      name: text(variableName, { pattern: variablePattern }),
      value: Type.Optional(text('value is the literal value; unset means empty.', { min: 0, max: 32_768 })),
      valueFrom: Type.Optional(
        record('valueFrom takes the value from elsewhere; unset means value is used.', {
          configMapKeyRef: Type.Optional(configMapKeyRef),
          fieldRef: Type.Optional(fieldRef),
          resourceFieldRef: Type.Optional(resourceFieldRef),
          secretKeyRef: Type.Optional(secretKeyRef),
        }),
      ),
    }),
    { max: 128, keys: ['name'] },
  );
}

export function templateMetadata(description: string) {
  return record(description, {
    name: Type.Optional(text('name is ignored.')),
    labels: Type.Optional(stringMap('labels are copied; unset means none.', { maxValue: labelLength })),
    annotations: Type.Optional(stringMap('annotations are copied; unset means none.', { maxValue: 16_384 })),
  });
}

export function argumentList(description: string) {
  return list(description, text('One argument.', { min: 0, max: 32_768 }), { max: 256 });
}

export function labelSelector(description: string) {
  return record(description, {
    matchLabels: Type.Optional(
      stringMap('matchLabels must all be equal; unset means no such demand.', { maxValue: labelLength }),
    ),
    matchExpressions: Type.Optional(
      list(
        'matchExpressions must all hold; unset means no such demand.',
        record('Requirement is one demand on a label.', {
          key: text('key is the label.', { max: 317 }),
          operator: text('operator is In, NotIn, Exists or DoesNotExist.', {
            pattern: '^(In|NotIn|Exists|DoesNotExist)$',
            max: 16,
          }),
          values: Type.Optional(
            list('values are compared for In and NotIn.', text('One value.', { min: 0, max: labelLength }), {
              max: 32,
            }),
          ),
        }),
        { max: 16 },
      ),
    ),
  });
}
