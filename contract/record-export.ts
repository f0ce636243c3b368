/**
 * A copy of a gateway's records for a receiver of its owner: what the operator tells the gateway, and what the gateway says of how it
 * goes. Headers hold secrets: it must never be logged.
 */
import { Type, type Static } from 'typebox';

const secretSource = Type.Object({ namespace: Type.String(), name: Type.String(), key: Type.String() });

const receiver = {
  /** Base URL of an OTLP/HTTP receiver. */
  endpoint: Type.String(),
  headers: Type.Array(
    Type.Object({
      name: Type.String(),
      value: Type.String(),
      /** Which Secret the value is from; absent: it is in the manifest. */
      source: Type.Optional(secretSource),
    }),
  ),
  /** Why nothing may be sent: a code. */
  broken: Type.Optional(Type.String()),
};

export const recordExportSchema = Type.Object(receiver);
export type RecordExport = Static<typeof recordExportSchema>;

/** Who gets a copy of the records of calls whose LoggingPolicies name it, and of no others. */
export const recordSinkSchema = Type.Object({ name: Type.String(), ...receiver });
export type RecordSink = Static<typeof recordSinkSchema>;

/** Why a copy did not arrive: a code, and the receiver's status where it answered. */
export const exportFaultSchema = Type.Object({
  code: Type.Union([
    Type.Literal('Unreachable'),
    Type.Literal('TlsRefused'),
    Type.Literal('AddressRefused'),
    Type.Literal('TimedOut'),
    Type.Literal('Answered'),
  ]),
  status: Type.Optional(Type.Integer({ minimum: 100, maximum: 999 })),
});
export type ExportFault = Static<typeof exportFaultSchema>;

export const exportStateSchema = Type.Object({
  /** Of the last attempt; absent: it did not fail. */
  fault: Type.Optional(exportFaultSchema),
  /** Records were lost a short while ago. */
  losing: Type.Boolean(),
  /** Some have arrived since it was told where. */
  arrived: Type.Boolean(),
});
export type ExportState = Static<typeof exportStateSchema>;
