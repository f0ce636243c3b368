/** Bounds of the codec. Apart so that a reader finds every number of the wire format in one place. */
export const codecLimit = {
  /** Start line and fields together; nginx's large_client_header_buffers allow 4 x 8 KiB. */
  headBytes: 64 * 1024,
  /** Envoy's default max_headers_count is 100. */
  fieldCount: 128,
  trailerBytes: 8 * 1024,
  trailerCount: 32,
  /** Size digits and extensions of one chunk (S29: CVE-2024-22019 was an unbounded extension). */
  chunkLineBytes: 256,
  /** Chunk extensions of one body in total. */
  chunkExtensionBytes: 16 * 1024,
} as const;
