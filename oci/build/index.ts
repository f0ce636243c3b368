/** Making, listing and pushing images: the half of `oci/` that the CLI and the examples use. */
export { agentUser } from './base-files.ts';
export { buildImage, type BuildImageOptions } from './build-image.ts';
export { findProgram, isExecutable } from './find-program.ts';
export { imageCache } from './image-home.ts';
export { listImages, type ListedImage } from './image-list.ts';
export type { BuiltImage } from './layout-writer.ts';
export { buildNatsImage, type NatsImageOptions } from './nats-image.ts';
export { buildPlatformImage, type PlatformImageOptions } from './platform-image.ts';
export { pushImage, type PushedImage, type PushImageOptions } from './push-image.ts';
export { buildRootfsImage, directoryEntries, type RootfsImageOptions } from './rootfs-image.ts';
export { programEntries, type ProgramOptions } from './shared-libraries.ts';
export { symlinkEntry, textFile, type TreeEntry } from './tree-entry.ts';
