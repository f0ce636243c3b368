/** The one door of `ingress/`: how a request finds a sandbox. */
export { limitRows } from './limits.ts';
export { runIngress } from './run.ts';
export { openIngress, type Ingress, type IngressOptions } from './ingress.ts';
