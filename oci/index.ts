/**
 * The one door of `oci/`: images and registries.
 * Workers: `openImageStore`, `pull`, `acquire`, `resolveUser`. CLI and examples: `buildImage`, `pushImage`, `listImages`.
 */
export * from './build/index.ts';
export * from './image.ts';
export { RetryLaterError } from './image-error.ts';
export { openImageStore } from './image-store.ts';
export { resolveUser, type ImageUser } from './image-user.ts';
export { type ImageReference } from './reference.ts';
export { registryAccess } from './registry-login.ts';
