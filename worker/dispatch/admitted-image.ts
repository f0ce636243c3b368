/** The image an invocation was admitted with: unpacked here, and the user its process runs as. */
import type { KeptImage } from '../image/image-keeper.ts';
import type { Admitted } from './admission.ts';

export type AdmittedImage = KeptImage;

export type AdmittedInvocation = Admitted<AdmittedImage>;
