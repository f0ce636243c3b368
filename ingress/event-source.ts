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
  /** Of those, since it was stored where it now is. */
  readonly tries: number;
  /** Runs of it that failed. */
  readonly failures: number;
  /** When it was stored, by NATS's clock. */
  readonly storedAt: number;
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
  readonly failures: number;
  readonly deliveries: number;
  readonly invocation: string;
}

/** An event that waits to be run again. */
export interface Retry {
  /** Seen for the first time: its time begins. */
  readonly isNew: boolean;
  readonly delayMs: number;
  /** To be seen again, so much later. */
  again(delayMs: number): Promise<boolean>;
  /** To its trigger. False: there is no room, or nobody answered. */
  handOn(): Promise<boolean>;
}

export interface EventSource {
  /** The next one of a trigger, however long it takes: `none` after a while. `away`: there is no place, or no server. */
  next(trigger: TriggerRef, signal: AbortSignal): Promise<Delivery | 'none' | 'away'>;
  /** `id`: two of one id are one. */
  publish(namespace: string, event: EventMessage, id: string | undefined): Promise<'taken' | 'full'>;
  /** Kept apart from its trigger, to be run again. False: it is not, as far as is known. */
  retry(
    trigger: TriggerRef,
    delivery: Delivery,
    told: { readonly failures: number; readonly delayMs: number },
  ): Promise<boolean>;
  /** The next one of a namespace that is new there, or whose time has come. */
  nextRetry(namespace: string, signal: AbortSignal): Promise<Retry | 'none' | 'away'>;
  /** Among those given up. False: it is not, as far as is known. */
  bury(dead: DeadMessage): Promise<boolean>;
}
