/** The one door of `apps/`: the platform as objects for `clrk install`, and the list kustomize reads. */
export { writeKustomization } from './kustomization.ts';
export { PlatformChart } from './platform.ts';
export type { PlatformProps } from './platform-settings.ts';
