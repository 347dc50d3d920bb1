/** Counters of the whole server, as INFO's stats section shows them. */
export class ServerStats {
  connectionsTotal = 0;
  connectionsRejected = 0;
  commandsTotal = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  /** Reads and writes of sockets that carried bytes. */
  readsTotal = 0;
  writesTotal = 0;
  errorRepliesTotal = 0;
  /** Error replies by code (`ERR`, `WRONGTYPE`, …). */
  readonly errors = new Map<string, number>();
  /** Clients disconnected because their query or output grew beyond its limit. */
  queryLimitDisconnects = 0;
  outputLimitDisconnects = 0;
  /** Changes of data since the start. */
  dirty = 0;
  usedMemoryPeakBytes = 0;

  /** Most different error codes that are counted by name, as in Redis. */
  static readonly errorCodesMax = 128;

  /** Counts an error reply by its first word. */
  countError(text: string): void {
    this.errorRepliesTotal++;
    const space = text.indexOf(" ");
    const code = space < 0 ? text : text.slice(0, space);
    const known = this.errors.get(code);
    if (known === undefined && this.errors.size >= ServerStats.errorCodesMax) return;
    this.errors.set(code, (known ?? 0) + 1);
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.connectionsTotal = this.connectionsRejected = this.commandsTotal = 0;
    this.netInputBytes =
      this.netOutputBytes =
      this.readsTotal =
      this.writesTotal =
        0;
    this.errorRepliesTotal = this.queryLimitDisconnects = this.outputLimitDisconnects = 0;
    this.errors.clear();
  }
}
