/** Where in an object a value is: `spec.rules[0].matches`, as Kubernetes writes it. */
export type FieldPath = ReadonlyArray<string | number>;

const plainKey = /^[A-Za-z_][\w-]*$/;

export function renderFieldPath(path: FieldPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!plainKey.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}
