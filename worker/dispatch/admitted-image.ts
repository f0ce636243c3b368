/** The image an invocation was admitted with: unpacked here, and the user its process runs as. */
import type { ReadyImage } from '../image/image-keeper.ts';
import type { SandboxUser } from '../sandbox/oci-spec.ts';
import type { Admitted } from './admission.ts';

export interface AdmittedImage {
  readonly image: ReadyImage;
  readonly user: SandboxUser;
}

export type AdmittedInvocation = Admitted<AdmittedImage>;
