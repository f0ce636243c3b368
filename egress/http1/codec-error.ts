/**
 * What the codec refuses. Apart from ClrkError because it is a fact about bytes, not a promise between processes;
 * the session turns it into an answer. It must never carry the offending bytes.
 */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  /** Status for an agent whose request it was. */
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}
