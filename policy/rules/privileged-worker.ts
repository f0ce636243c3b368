/**
 * What runs in a WorkerPool's container runs privileged on the node. Whoever edits agents must not thereby choose it: the
 * fields that do are for those who hold a right of their own, and are worth a look in a review.
 */
import type { AdmissionCheck, Rule } from '../rule.ts';

/** The verb on `workerpools` that `dist/admission` asks for. */
export const runPrivilegedVerb = 'run-privileged';

/** Variables by which a loader or Node.js runs code that the image does not hold. */
const loaders = new Set(['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'NODE_OPTIONS', 'NODE_PATH', 'PATH']);
/** The last part of a worker image's name, in the platform's registry or a mirror. */
const workerImage = /(^|\/)clrk(-worker)?(:[^/@]+)?(@sha256:[0-9a-f]{64})?$/;

/** Fields of `spec.template` that decide what runs, or as whom. */
const guarded = ['image', 'env', 'extraVolumes', 'extraVolumeMounts', 'serviceAccountName'] as const;

function admissionCheck(): AdmissionCheck {
  const absent = (of: string, field: string): string => `!has(${of}.spec.template.${field})`;
  const same = guarded.map((field) => {
    const both = `object.spec.template.${field} == oldObject.spec.template.${field}`;
    return `(${absent('object', field)} ? ${absent('oldObject', field)} : (has(oldObject.spec.template.${field}) && ${both}))`;
  });
  const may = `authorizer.group('clrk.apoxy.dev').resource('workerpools').namespace(request.namespace).name(object.metadata.name).check('${runPrivilegedVerb}').allowed()`;
  return {
    resources: ['workerpools'],
    expression: `(oldObject != null && ${same.join(' && ')}) || ${may}`,
    message: `what a WorkerPool runs is privileged: ${guarded.join(', ')} need the verb ${runPrivilegedVerb} on workerpools`,
  };
}

export const privilegedWorker: Rule = {
  id: 'privileged-worker',
  severity: 'warn',
  title: 'A worker that runs something else than the platform’s image',
  why: 'A worker is privileged, because it makes sandboxes. An image, a variable or a volume that brings other code into it brings it onto the node, with the rights of root.',
  fix: 'Use the platform’s image or a mirror of it (its name ends in /clrk or /clrk-worker), no variables of loaders, no hostPath. At admission these fields need the verb `run-privileged` on `workerpools` (ClusterRole `clrk-worker-admin`).',
  *check(world) {
    for (const { manifest, spec } of world.own('WorkerPool')) {
      const { image, env = [], extraVolumes = [] } = spec.template;
      const path = ['spec', 'template'];
      if (!workerImage.test(image)) {
        yield {
          manifest,
          path: [...path, 'image'],
          message: `image ${image} would run privileged: is it a mirror of the worker image?`,
        };
      }
      for (const [index, { name }] of env.entries()) {
        if (loaders.has(name)) {
          yield {
            manifest,
            path: [...path, 'env', index],
            message: `${name} runs other code in a privileged container`,
          };
        }
      }
      for (const [index, volume] of extraVolumes.entries()) {
        if ('hostPath' in volume) {
          yield {
            manifest,
            path: [...path, 'extraVolumes', index],
            message: `volume ${volume.name} puts a folder of the node into a privileged container`,
          };
        }
      }
    }
  },
  alwaysDenies: true,
  admission: [admissionCheck()],
};
