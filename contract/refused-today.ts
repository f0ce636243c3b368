/**
 * What manifests may ask for and this version's gateway refuses rather than does by halves. One list, so that the refusal
 * at the gateway and what `clrk reach` tells of it cannot differ. A line goes when the gateway learns it.
 */
export const refusedToday = {
  TokenBudget: 'this version of the gateway cannot count a TokenBudget yet',
  AWSv4: 'this version of the gateway cannot sign with AWS SigV4 yet',
} as const;
