/** One connection to a broker, from its opening to its end. It is never used again: whatever was in it is gone with it. */
export interface Link {
  /** Takes a message now; false while the broker or the network is slower than we are. */
  readonly isReady: boolean;
  /** Resolves when a message of QoS 1 has arrived or the connection has ended. */
  publish(
    topic: string,
    payload: string,
    options: { readonly qos: 0 | 1; readonly retain: boolean },
  ): Promise<void>;
  subscribe(topics: readonly string[]): void;
  /** Ends the connection; `onEnd` is not called for it. */
  end(): Promise<void>;
}

export interface LinkEvents {
  /** The broker has taken us. */
  readonly onOpen: (link: Link) => void;
  readonly onMessage: (message: IncomingMessage) => void;
  /** Refused, lost, or never reached; once. */
  readonly onEnd: (reason: string) => void;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** It was there before we came. */
  readonly isRetained: boolean;
}

export interface LinkOptions {
  readonly url: string;
  /** Fixed for this installation: a broker then takes leave of the old connection in the right order. */
  readonly clientId: string;
  readonly user?: string;
  readonly password?: string;
  /** Certificate of the authority of the broker, PEM. */
  readonly ca?: string;
  /** What the broker says for us when we are lost. */
  readonly will?: { readonly topic: string; readonly payload: string };
}

export type OpenLink = (options: LinkOptions, events: LinkEvents) => void;
