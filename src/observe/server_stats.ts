/**
 * Counters of the whole server, as INFO shows them; who does the counted thing counts it here. What the
 * keyspace and single commands count is kept by `KeyspaceStats` and `CommandStats`.
 */

/** Most error codes that are counted by name. */
const errorCodesMax = 128;

/** Bytes of an error, its leading `-` included, in which a code must end. */
const errorCodeBytesMax = 32;

/** Stands in INFO errorstats where codes are no longer counted. */
const errorCountingStopped = "ERRORSTATS_DISABLED";

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
  /** Clients disconnected because their query or output grew beyond its limit. */
  queryLimitDisconnects = 0;
  outputLimitDisconnects = 0;
  /** Clients disconnected because all together took more than `maxmemory-clients`. */
  clientsEvicted = 0;
  /** AUTH and HELLO with a wrong password. */
  authenticationFailures = 0;
  /** Changes of data since the start. */
  dirty = 0;
  usedMemoryPeakBytes = 0;
  /** Memory in use before there was any data. */
  usedMemoryStartupBytes = 0;
  readonly #errorsByCode = new Map<string, number>();
  #countsErrorsByCode = true;

  /** Error replies by code (`ERR`, `WRONGTYPE`, …). */
  get errorsByCode(): ReadonlyMap<string, number> {
    return this.#errorsByCode;
  }

  /**
   * Counts an error reply, also by its code. As in Redis, more different codes than anybody could mean
   * end the counting by code until CONFIG RESETSTAT.
   */
  countError(text: string): void {
    this.errorRepliesTotal++;
    if (!this.#countsErrorsByCode) return;
    const code = codeOf(text);
    const known = this.#errorsByCode.get(code);
    if (known === undefined && this.#errorsByCode.size >= errorCodesMax) {
      this.#errorsByCode.clear();
      this.#errorsByCode.set(errorCountingStopped, 1);
      this.#countsErrorsByCode = false;
      return;
    }
    this.#errorsByCode.set(code, (known ?? 0) + 1);
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
    this.authenticationFailures = this.clientsEvicted = 0;
    this.#errorsByCode.clear();
    this.#countsErrorsByCode = true;
  }
}

/** The first word of an error, or ERR where it is too long for a code. */
function codeOf(text: string): string {
  const space = text.indexOf(" ");
  return space < 0 || space + 1 >= errorCodeBytesMax ? "ERR" : text.slice(0, space);
}
