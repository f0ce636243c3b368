/** Where events come from and go to, as the feed and the door see it: NATS behind it, or a test. */

export interface EventMessage {
  /** Below the namespace's prefix. */
  readonly subject: string;
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

export interface Delivery extends EventMessage {
  /** The same for every delivery of it. */
  readonly id: string;
  /** This is the so manieth, over all ingresses. */
  readonly deliveries: number;
  /** It goes on. False: nobody answered. */
  renew(): Promise<boolean>;
  /** It is done with. False: nobody answered, and it may come again. */
  done(): Promise<boolean>;
  /** To be delivered again, so much later. */
  again(delayMs: number): Promise<boolean>;
}

export interface TriggerRef {
  readonly namespace: string;
  /** Of the agent. */
  readonly uid: string;
  readonly subject: string;
}

export interface DeadMessage extends EventMessage {
  readonly namespace: string;
  readonly agent: string;
  readonly reason: string;
  readonly deliveries: number;
  readonly invocation: string;
}

export interface EventSource {
  /** The next one of a trigger, however long it takes: `none` after a while. `away`: there is no place, or no server. */
  next(trigger: TriggerRef, signal: AbortSignal): Promise<Delivery | 'none' | 'away'>;
  /** `id`: two of one id are one. */
  publish(namespace: string, event: EventMessage, id: string | undefined): Promise<'taken' | 'full'>;
  /** Among those given up. False: it is not, as far as is known. */
  bury(dead: DeadMessage): Promise<boolean>;
}
