/** Where in an object a value is: `spec.rules[0].matches`, as Kubernetes writes it. */
export type Path = ReadonlyArray<string | number>;

const plainKey = /^[A-Za-z_][\w-]*$/;

export function renderPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!plainKey.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}
