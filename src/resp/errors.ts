/**
 * Every error text that a client can see, in Redis' words.
 *
 * A text carries its code as the first word, as on the wire after the `-`. A handler reports a
 * client's mistake by throwing `CommandError`; dispatch turns it into the reply. Texts that serve one
 * command only are made by that command's functions below, so that they can all be found here.
 */

import { formatFixed } from "./doubles.ts";

const utf8 = new TextEncoder();

/** A client's mistake: its message is the error reply, code first, byte for byte as Redis says it. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** A request that breaks the protocol: its message is told to the client, then the connection ends. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** Error texts without parameters. */
export const errors = {
  syntax: "ERR syntax error",
  notInteger: "ERR value is not an integer or out of range",
  notFloat: "ERR value is not a valid float",
  int32OutOfRange: "ERR value is out of range, value must between -2147483648 and 2147483647",
  int64OutOfRange:
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
  keyCountNotPositive: "ERR numkeys should be greater than 0",
  keyCountTooLarge: "ERR Number of keys can't be greater than number of args",
  countNotPositive: "ERR count should be greater than 0",
  countNegative: "ERR COUNT can't be negative",
  maxlenNegative: "ERR MAXLEN can't be negative",
  rankZero:
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
  weightNotDouble: "ERR One or more scores can't be converted into double",
  indexOutOfRange: "ERR index out of range",
  timeoutNotFloat: "ERR timeout is not a float or out of range",
  timeoutOutOfRange: "ERR timeout is out of range",
  timeoutNegative: "ERR timeout is negative",
  timeoutNotInteger: "ERR timeout is not an integer or out of range",
  streamId: "ERR Invalid stream ID specified as stream command argument",
  streamIdZero: "ERR The ID specified in XADD must be greater than 0-0",
  streamIdNotHigher:
    "ERR The ID specified in XADD is equal or smaller than the target stream top item",
  streamIdsExhausted: "ERR The stream has exhausted the last possible ID, unable to add more items",
  streamEntryTooLarge: "ERR Elements are too large to be stored",
  streamIntervalStart: "ERR invalid start ID for the interval",
  streamIntervalEnd: "ERR invalid end ID for the interval",
  trimStrategies: "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
  trimMaxlenNegative: "ERR The MAXLEN argument must be >= 0.",
  trimLimitNegative: "ERR The LIMIT argument must be >= 0.",
  trimLimitAlone: "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
  trimLimitExact: "ERR syntax error, LIMIT cannot be used without the special ~ option",
  trimStrategyMissing: "ERR syntax error, XTRIM must be called with a trimming strategy",
  setIdAddedNegative: "ERR entries_added must be positive",
  setIdBelowGivenDeleted:
    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
  setIdBelowDeleted: "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
  setIdBelowTop: "ERR The ID specified in XSETID is smaller than the target stream top item",
  setIdAddedBelowLength:
    "ERR The entries_added specified in XSETID is smaller than the target stream length",
  readWithGroup: "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.",
  readWithNoack: "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
  readGroupMissing: "ERR Missing GROUP option for XREADGROUP",
  readNewWithoutGroup:
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
  groupNeedsKey:
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.",
  groupExists: "BUSYGROUP Consumer Group name already exists",
  entriesReadNegative: "ERR value for ENTRIESREAD must be positive or -1",
  countNotAboveZero: "ERR COUNT must be > 0",
  limitNegative: "ERR LIMIT can't be negative",
  mustBePositive: "ERR value is out of range, must be positive",
  fieldsMissing: "ERR Mandatory argument FIELDS is missing or not at the right position",
  fieldCountInvalid: "ERR invalid number of fields",
  fieldCountNotAboveZero: "ERR Parameter `numFields` should be greater than 0",
  fieldCountNotPositive: "ERR Number of fields must be a positive integer",
  fieldCountMismatch: "ERR The `numfields` parameter must match the number of arguments",
  hashValueNotInteger: "ERR hash value is not an integer",
  hashValueNotFloat: "ERR hash value is not a float",
  incrementNotFinite: "ERR value is NaN or Infinity",
  outOfRange: "ERR value is out of range",
  overflow: "ERR increment or decrement would overflow",
  decrementOverflow: "ERR decrement would overflow",
  nanOrInfinity: "ERR increment would produce NaN or Infinity",
  wrongType: "WRONGTYPE Operation against a key holding the wrong kind of value",
  noSuchKey: "ERR no such key",
  busyKey: "BUSYKEY Target key name already exists.",
  payloadNotIntact: "ERR DUMP payload version or checksum are wrong",
  payloadMalformed: "ERR Bad data format",
  restoreTtlNegative: "ERR Invalid TTL value, must be >= 0",
  restoreIdleNegative: "ERR Invalid IDLETIME value, must be >= 0",
  restoreFrequencyOutOfRange: "ERR Invalid FREQ value, must be >= 0 and <= 255",
  stringTooLong: "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
  offsetOutOfRange: "ERR offset is out of range",
  bitOffset: "ERR bit offset is not an integer or out of range",
  bitValue: "ERR bit is not an integer or out of range",
  bitArgument: "ERR The bit argument must be 1 or 0.",
  bitopNotSources: "ERR BITOP NOT must be called with a single source key.",
  bitfieldType:
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
  bitfieldOverflow: "ERR Invalid OVERFLOW type specified",
  bitfieldReadOnly: "ERR BITFIELD_RO only supports the GET subcommand",
  notHyperLogLog: "WRONGTYPE Key is not a valid HyperLogLog string value.",
  brokenHyperLogLog: "INVALIDOBJ Corrupted HLL object detected",
  noSuchHyperLogLog: "ERR The specified key does not exist",
  notSparse: "ERR HLL encoding is not sparse",
  updateConditions: "ERR XX and NX options at the same time are not compatible",
  updateComparisons: "ERR GT, LT, and/or NX options at the same time are not compatible",
  singleIncrement: "ERR INCR option supports a single increment-element pair",
  unknownUnit: "ERR unsupported unit provided. please use M, KM, FT, MI",
  radiusNotNumber: "ERR need numeric radius",
  widthNotNumber: "ERR need numeric width",
  heightNotNumber: "ERR need numeric height",
  radiusNegative: "ERR radius cannot be negative",
  boxNegative: "ERR height or width cannot be negative",
  noPlace: "ERR could not decode requested zset member",
  anyWithoutCount: "ERR the ANY argument requires COUNT argument",
  scoreNotNumber: "ERR resulting score is not a number (NaN)",
  scoreRange: "ERR min or max is not a float",
  lexRange: "ERR min or max not valid string range item",
  limitByRank:
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
  scoresByLex: "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
  notWeight: "ERR weight value is not a float",
  invalidCursor: "ERR invalid cursor",
  scanNoValues: "ERR NOVALUES option can only be used in HSCAN",
  sameObject: "ERR source and destination objects are the same",
  databaseOutOfRange: "ERR DB index is out of range",
  firstDatabaseInvalid: "ERR invalid first DB index",
  secondDatabaseInvalid: "ERR invalid second DB index",
  expireNxExclusive: "ERR NX and XX, GT or LT options at the same time are not compatible",
  expireTimeNegative: "ERR invalid expire time, must be >= 0",
  expireTimeMissing: "ERR missing expire time",
  hsetexConditions: "ERR Only one of FXX or FNX arguments can be specified",
  hsetexExpiries: "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
  expireGtLtExclusive: "ERR GT and LT options at the same time are not compatible",
  lcsWrongType: "ERR The specified keys must contain string values",
  lcsLengthAndIndexes: "ERR If you want both the length and indexes, please just use IDX.",
  countTooHigh: "ERR Insufficient memory, failed allocating transient memory, COUNT too high.",
  lcsTooLarge: "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
  idleTimeNotTracked:
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
  frequencyNotTracked:
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
  nestedMulti: "ERR MULTI calls can not be nested",
  watchInMulti: "ERR WATCH inside MULTI is not allowed",
  execWithoutMulti: "ERR EXEC without MULTI",
  discardWithoutMulti: "ERR DISCARD without MULTI",
  transactionRefused: "EXECABORT Transaction discarded because of previous errors.",
  monitorInMulti: "ERR MONITOR isn't allowed for DENY BLOCKING client",
  notInMulti: "ERR Command not allowed inside a transaction",
  outOfMemory: "OOM command not allowed when used memory > 'maxmemory'.",
  authenticationRequired: "NOAUTH Authentication required.",
  wrongPassword: "WRONGPASS invalid username-password pair or user is disabled.",
  noPasswordSet:
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
  helloUnauthenticated:
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
  shardSubscribeInMulti: "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client",
  unblocked: "UNBLOCKED client unblocked via CLIENT UNBLOCK",
  redirectTwice: "ERR A client can only redirect to a single other client",
  redirectMissing: "ERR The client ID you want redirect to does not exist",
  prefixWithoutBroadcast: "ERR PREFIX option requires BCAST mode to be enabled",
  broadcastSwitched:
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
  optWithBroadcast: "ERR OPTIN and OPTOUT are not compatible with BCAST",
  optInAndOut: "ERR You can't specify both OPTIN mode and OPTOUT mode",
  optSwitched:
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
  cachingWithoutTracking:
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
  cachingWithoutOptIn:
    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
  cachingWithoutOptOut:
    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
  noSuchClient: "ERR No such client",
  clientName: "ERR Client names cannot contain spaces, newlines or special characters.",
  clientId: "ERR Invalid client ID",
  noProtocol: "NOPROTO unsupported protocol version",
  noSuchCommandToExamine: "ERR Invalid command specified",
  commandWithoutKeys: "ERR The command has no key arguments",
  wrongArityToExamine: "ERR Invalid number of arguments specified for command",
  keysNotFound: "ERR Invalid arguments specified for command",
  noConfigFile: "ERR The server is running without a config file",
  slowLogCount: "ERR count should be greater than or equal to -1",
  noShutdown: "ERR No shutdown in progress.",
  shutdownFailed: "ERR Errors trying to SHUTDOWN. Check logs.",
  saveInProgress: "ERR Background save already in progress",
  saveFailed: "ERR",
  rewriteInProgress:
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
  aofRewriteFailed:
    "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
  aofRewriteInProgress: "ERR Background append only file rewriting already in progress",
  loading: "LOADING Redis is loading the dataset in memory",
  rdbMisconfigured:
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.",
  debugReloadFailed: "ERR Error trying to load the RDB dump, check server logs.",
  debugLoadAofFailed: "ERR Error trying to load the AOF files, check server logs.",
  debugReloadOptions: "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
  debugProtocolType:
    "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
  debugDatabaseOutOfRange: "ERR Out of range database",
  needsResp3: "ERR RESP2 is not supported by this command",
  notSdsEncoded: "ERR Not an sds encoded string.",
  notListpackEncoded: "ERR Not a listpack encoded object.",
  packedThreshold: "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
  notQuicklistEncoded: "ERR Not a quicklist encoded object.",
  notTableEncoded:
    "ERR The value stored at the specified key is not represented using an hash table",
  maxClients: "ERR max number of clients reached",
  protectedMode:
    "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.",
} as const;

/** `command` is the full lower-case name, `config|get` for a subcommand. */
export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

/** EXEC that is refused itself, and why. */
export function transactionAborted(reason: string): string {
  return `EXECABORT Transaction discarded because of: ${reason.replace(/^ERR /, "")}`;
}

/** A name that is in no table; `argumentsShown` is the start of the arguments, quoted one by one. */
export function unknownCommand(name: string, argumentsShown: string): string {
  return `ERR unknown command '${name}', with args beginning with: ${argumentsShown}`;
}

/** A container called with a word it does not know; `container` in upper case. */
export function unknownSubcommand(name: string, container: string): string {
  return `ERR unknown subcommand '${name}'. Try ${container} HELP.`;
}

/** As `unknownSubcommand`, where the number of arguments may be what is wrong. */
export function unknownSubcommandOrArity(name: string, container: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ${container} HELP.`;
}

/** A command that a client in RESP2 may not run while it is subscribed; `command` is the full name. */
export function notWhileSubscribed(command: string): string {
  return `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
}

/** `command` is the full lower-case name. */
export function inputKeyNeeded(command: string): string {
  return `ERR at least 1 input key is needed for '${command}' command`;
}

/** Coordinates out of their limits. */
export function invalidCoordinates(longitude: number, latitude: number): string {
  return `ERR invalid longitude,latitude pair ${formatFixed(longitude)},${formatFixed(latitude)}`;
}

/** Results that are stored cannot have more told of them; `command` as in `GEOSEARCHSTORE`. */
export function storedWithoutOptions(command: string): string {
  return `ERR ${command} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
}

/** GEOSEARCH without a center; `command` as the client wrote it. */
export function centerMissing(command: string): string {
  return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`;
}

/** GEOSEARCH without a shape; `command` as the client wrote it. */
export function shapeMissing(command: string): string {
  return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`;
}

/** XREAD or XREADGROUP with keys that have no ID, or the other way round; `command` is the full name. */
export function unbalancedStreams(command: string): string {
  const id = command === "xread" ? "ID, '+', or '$'" : "ID or '>'";
  return `ERR Unbalanced '${command}' list of streams: for each stream key an ${id} must be specified.`;
}

/** `$` or `+` given to XREADGROUP. */
export function meaninglessGroupId(id: string): string {
  return `ERR The ${id} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The ${id} ID would just return an empty result set.`;
}

/** A consumer group that there is none of, to those who don't care whether it is the key that is missing. */
export function noSuchKeyOrGroup(key: string, group: string): string {
  return `NOGROUP No such key '${key}' or consumer group '${group}'`;
}

/** As `noSuchKeyOrGroup`, for XREADGROUP. */
export function noSuchGroupToRead(key: string, group: string): string {
  return `${noSuchKeyOrGroup(key, group)} in XREADGROUP with GROUP option`;
}

/** A consumer group that an existing key doesn't have. */
export function noSuchGroup(group: string, key: string): string {
  return `NOGROUP No such consumer group '${group}' for key name '${key}'`;
}

/** Argument `what` of XCLAIM or XAUTOCLAIM (`command`) that is no integer. */
export function invalidClaimArgument(what: string, command: string): string {
  return `ERR Invalid ${what} argument for ${command}`;
}

/** A word behind XCLAIM's IDs that there is none of, as the client wrote it. */
export function unknownClaimOption(option: string): string {
  return `ERR Unrecognized XCLAIM option '${option}'`;
}

/** A prefix to track that begins with another, or the other way round. */
export function prefixOverlap(prefix: string, other: string, areBothNew: boolean): string {
  const which = areBothNew ? "another provided prefix" : "an existing prefix";
  return `ERR Prefix '${prefix}' overlaps with ${which} '${other}'. Prefixes for a single client must not overlap.`;
}

/** A latency event that has no samples. */
export function noLatencySamples(event: string): string {
  return `ERR No samples available for event '${event}'`;
}

/** `command` is the full lower-case name. */
export function invalidExpire(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

/** An argument of HSETEX where there is to be an option. */
export function unknownArgument(argument: string): string {
  return `ERR unknown argument: ${argument}`;
}

/** An option of EXPIRE and its like that there is none of, as the client wrote it. */
export function unsupportedOption(option: string): string {
  return `ERR Unsupported option ${option}`;
}

/** A broken request, as the reply says it. */
export function protocolError(what: string): string {
  return `ERR Protocol error: ${what}`;
}

/** A value that CONFIG SET refuses; `argument` is the directive. */
export function configSetFailed(argument: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${argument}') - ${reason}`;
}

/** DEBUG CONFIG-REWRITE-FORCE-ALL that failed, and what the system said. */
export function forcedRewriteFailed(reason: string): string {
  return `ERR CONFIG-REWRITE-FORCE-ALL failed: ${reason}`;
}

/** CONFIG REWRITE that failed, and what the system said. */
export function rewriteFailed(reason: string): string {
  return `ERR Rewriting config file: ${reason}`;
}

/** A name that CONFIG SET does not know, as text. */
export function unknownDirective(name: string): string {
  const [untilNul] = name.split("\0", 1);
  const bytes = Array.from(utf8.encode(untilNul), (byte) => String.fromCharCode(byte)).join("");
  return `ERR Unknown option or number of arguments for CONFIG SET - '${bytes}'`;
}

/** A word behind PFDEBUG that there is none of, as the client wrote it. */
export function unknownPfdebugSubcommand(name: string): string {
  return `ERR Unknown PFDEBUG subcommand '${name}'`;
}

/** What PFSELFTEST found wrong. */
export function selfTestFailed(what: string): string {
  return `ERR TESTFAILED ${what}`;
}

export const debugNotAllowed =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.';

/** `option` as the client wrote it. */
export function helloSyntax(option: string): string {
  return `ERR Syntax error in HELLO option '${option}'`;
}

/** Changes are refused while the log can't be written; `reason` is the system's. */
export function aofMisconfigured(reason: string): string {
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}
