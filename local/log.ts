/** The logger the parts of `local/` take: the shape of pino's, so that tests pass a collector. */
type Write = (fields: object, message: string) => void;

export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}
