/** The few colours we use, decided once. Never a colour code where nobody asked for one. */
export interface Style {
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly bold: (text: string) => string;
}

const same = (text: string): string => text;
export const plainStyle: Style = { dim: same, red: same, green: same, bold: same };

const paint =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;
export const colourStyle: Style = {
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  bold: paint(1, 22),
};

/** FORCE_COLOR wins; then NO_COLOR (non-empty), TERM=dumb, CI and no terminal mean plain (no-color.org). */
export function chooseStyle(
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): Style {
  const set = (name: string): boolean => (environment[name] ?? '') !== '';
  if (set('FORCE_COLOR')) return environment['FORCE_COLOR'] === '0' ? plainStyle : colourStyle;
  if (set('NO_COLOR') || set('CI') || environment['TERM'] === 'dumb') return plainStyle;
  return isTerminal ? colourStyle : plainStyle;
}
