/** A service of the embedded AWS that is running in this process. */
export interface EmbeddedService {
  /** URL, on 127.0.0.1. */
  endpoint: string;
  close: () => Promise<void>;
}
