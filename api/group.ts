/** The API group and version all kinds share, and the category `kubectl get clrk` lists. */
export const apiGroup = 'clrk.apoxy.dev';
export const apiVersionName = 'v1alpha1';
export const apiCategory = 'clrk';
