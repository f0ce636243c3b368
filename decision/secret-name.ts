/** Does the name of a field, parameter or member say that it holds a key? Records and approvals leave out such values. Pure; linear. */

const secretPart =
  /token|secret|passw|api[-_]?key|credential|authorization|cookie|private[-_]?key|signature|jwt|(?:^|[^a-z])sign?(?:$|[^a-z])/i;

export function isSecretName(name: string): boolean {
  return secretPart.test(name);
}
