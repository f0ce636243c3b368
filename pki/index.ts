/** The one door of `pki/`. */
export { createCa, type CaOptions, type CertificateAndKey } from './ca.ts';
export { PlatformKeys, type NatsCredential } from './platform-keys.ts';
export { issueLeaf, type LeafOptions } from './leaf.ts';
