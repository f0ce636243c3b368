/** WorkerPool: the workers that agents run on, as a Deployment with a curated overlay users cannot break gVisor with. */
import { Type, type Static } from 'typebox';
import { templateMetadata, workerEnvironment } from './container.ts';
import {
  choice,
  flag,
  integer,
  labelLength,
  list,
  opaque,
  quantityMap,
  record,
  stringMap,
  text,
} from './field.ts';
import { columns, labelName, statusOf, type KindDefinition, type Resource } from './resource.ts';
import { imageRules, mountPathRules } from './rule.ts';
import { runningPolicies } from './running-policy.ts';

const extraVolume = Type.Unsafe<{ name: string }>({
  type: 'object',
  description: 'Volume is a pod volume; state, run, varlog and images are taken.',
  required: ['name'],
  maxProperties: 8,
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    name: { type: 'string', description: 'name is the volume.', minLength: 1, maxLength: labelLength },
  },
  'x-kubernetes-validations': [
    {
      rule: "!(self.name in ['state', 'run', 'varlog', 'images'])",
      message: 'volume names state, run, varlog and images belong to the platform',
    },
  ],
});

const extraVolumeMount = record('VolumeMount puts a volume of extraVolumes into the worker container.', {
  name: text('name is the volume.', { max: labelLength }),
  mountPath: text('mountPath is where it appears.', {
    max: 1_024,
    rules: mountPathRules(['/var/lib/clrk/state', '/var/lib/clrk/images', '/run/clrk', '/var/log/clrk']),
  }),
  readOnly: Type.Optional(flag('readOnly forbids writing; unset means writable.')),
  subPath: Type.Optional(
    text('subPath is the part of the volume to mount; unset means its root.', { max: 1_024 }),
  ),
  subPathExpr: Type.Optional(
    text('subPathExpr is subPath with variables of the container; unset means subPath.', { max: 1_024 }),
  ),
  recursiveReadOnly: Type.Optional(
    choice('recursiveReadOnly makes mounts below read-only too; unset means Disabled.', [
      'Disabled',
      'IfPossible',
      'Enabled',
    ]),
  ),
  mountPropagation: Type.Optional(
    choice('mountPropagation is how mounts travel; unset means None.', [
      'None',
      'HostToContainer',
      'Bidirectional',
    ]),
  ),
});

const template = record(
  'template is what worker pods look like, within what the platform fixes.',
  {
    metadata: Type.Optional(
      templateMetadata('metadata adds labels and annotations to worker pods; unset means none.'),
    ),
    image: text('image is a CLRK worker image.', { max: 512, rules: imageRules }),
    imagePullPolicy: Type.Optional(
      choice(
        'imagePullPolicy is when the image is pulled; unset means IfNotPresent.',
        ['Always', 'IfNotPresent', 'Never'],
        {
          default: 'IfNotPresent',
        },
      ),
    ),
    imagePullSecrets: Type.Optional(
      list(
        'imagePullSecrets are the Secrets to pull with, the worker image and agent images alike; unset means anonymous.',
        record('LocalObjectReference names a Secret.', { name: Type.Optional(text('name is the Secret.')) }),
        { max: 16 },
      ),
    ),
    resources: Type.Optional(
      record('resources are those of the worker container; unset means no requests and no limits.', {
        limits: Type.Optional(quantityMap('limits are the most it may use; unset means unlimited.')),
        requests: Type.Optional(quantityMap('requests are what is reserved for it; unset means the limits.')),
      }),
    ),
    nodeSelector: Type.Optional(
      stringMap('nodeSelector are labels a node must have; unset means any node.', { maxValue: labelLength }),
    ),
    tolerations: Type.Optional(
      list('tolerations are taints the pods accept; unset means none.', opaque('Toleration as in a pod.'), {
        max: 32,
      }),
    ),
    affinity: Type.Optional(opaque('affinity is as in a pod; unset means none.')),
    priorityClassName: Type.Optional(
      text('priorityClassName is the priority of the pods; unset means the default.'),
    ),
    topologySpreadConstraints: Type.Optional(
      list(
        'topologySpreadConstraints are as in a pod; unset means none.',
        opaque('TopologySpreadConstraint as in a pod.'),
        { max: 16 },
      ),
    ),
    env: Type.Optional(workerEnvironment()),
    serviceAccountName: Type.Optional(
      text('serviceAccountName is the identity of the pods; unset means clrk-worker.', {
        default: 'clrk-worker',
      }),
    ),
    extraVolumes: Type.Optional(
      list('extraVolumes are further pod volumes; unset means none.', extraVolume, { max: 16 }),
    ),
    extraVolumeMounts: Type.Optional(
      list('extraVolumeMounts mount extraVolumes; unset means none.', extraVolumeMount, { max: 16 }),
    ),
  },
  {
    rules: [
      {
        rule: '!has(self.extraVolumeMounts) || self.extraVolumeMounts.all(m, has(self.extraVolumes) && self.extraVolumes.exists(v, v.name == m.name))',
        message: 'extraVolumeMounts must name a volume declared in extraVolumes',
      },
    ],
  },
);

const spec = record('spec is the pool as it should be.', {
  replicas: Type.Optional(
    integer('replicas is the number of workers; unset means 1.', { max: 10_000, default: 1 }),
  ),
  template,
  maxExecutionsPerWorker: Type.Optional(
    integer(
      'maxExecutionsPerWorker is how many sandboxes one worker runs at a time; unset or 0 means the default of the worker.',
      { max: 256 },
    ),
  ),
  warmPool: Type.Optional(
    integer(
      'warmPool is accepted for compatibility; warm sandboxes are set by TaskAgent.spec.warmPoolSize.',
      { max: 10_000 },
    ),
  ),
  imageCache: Type.Optional(
    record('imageCache is accepted for compatibility; workers always keep images.', {
      enabled: Type.Optional(flag('enabled is not consulted.')),
    }),
  ),
});

const status = statusOf({
  readyReplicas: Type.Optional(integer('readyReplicas is the number of workers that are ready.')),
  running: runningPolicies(),
  activeExecutions: Type.Optional(integer('activeExecutions is the number of sandboxes running now.')),
  capacity: Type.Optional(
    record('capacity is what the live workers can run.', {
      maxExecutions: Type.Optional(integer('maxExecutions is the most sandboxes at a time.')),
      availableExecutions: Type.Optional(integer('availableExecutions is how many more could start now.')),
    }),
  ),
});

export type WorkerPoolSpec = Static<typeof spec>;
export type WorkerPoolStatus = Static<typeof status>;
export type WorkerPool = Resource<WorkerPoolSpec, WorkerPoolStatus>;

export const workerPool: KindDefinition = {
  kind: 'WorkerPool',
  plural: 'workerpools',
  shortName: 'wp',
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.readyReplicas' },
  description: 'WorkerPool is a set of workers that run the sandboxes of TaskAgents.',
  // `NAME-workers` is a Service.
  name: labelName(55, { isFirst: true }),
  spec,
  status,
  columns: columns(
    [
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
      { name: 'Ready Workers', type: 'integer', jsonPath: '.status.readyReplicas' },
      { name: 'Active', type: 'integer', jsonPath: '.status.activeExecutions' },
    ],
    [{ name: 'Image', type: 'string', jsonPath: '.spec.template.image' }],
  ),
};
