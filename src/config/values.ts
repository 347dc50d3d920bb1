/**
 * What the configuration says, one typed field per directive, read directly on hot paths.
 *
 * The field initializers are the defaults, and the only place where they stand. Only `Config` assigns
 * to the fields: it checks the value first, keeps the text that CONFIG GET answers, and tells those
 * who have to act on a change. The unit of a number is in its name.
 */
import { LogLevel } from "../log.ts";
import type { Int64 } from "../resp/numbers.ts";
import type { ValueLimits } from "../values/limits.ts";

/** What to do with a write that finds memory full, in the order of Redis' own list. */
export enum MaxmemoryPolicy {
  VolatileLru,
  VolatileLfu,
  VolatileRandom,
  VolatileTtl,
  AllkeysLru,
  AllkeysLfu,
  AllkeysRandom,
  Noeviction,
}

/** Names of the policies, by `MaxmemoryPolicy`. */
export const maxmemoryPolicyNames: readonly string[] = [
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "noeviction",
];

/** Who may do something dangerous: nobody, everybody, or clients on this machine. */
export enum ProtectedAction {
  No,
  Yes,
  Local,
}

/** How much a client may leave unread before it is disconnected; 0 is no limit. */
export interface OutputBufferLimit {
  /** At once beyond this. */
  readonly hardBytes: Int64;
  /** Beyond this for `softSeconds`. */
  readonly softBytes: Int64;
  readonly softSeconds: number;
}

/** The limits by class of client. */
export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit;
  readonly replica: OutputBufferLimit;
  readonly pubsub: OutputBufferLimit;
}

/** A snapshot is saved when so many changes are not, and so many seconds have gone by. */
export interface SavePoint {
  readonly seconds: Int64;
  readonly changes: number;
}

/** When the append-only log is synced, in the order of Redis' own list. */
export enum AppendFsync {
  /** About once a second. */
  EverySecond,
  /** Before any reply that depends on it. */
  Always,
  /** When the system likes to. */
  No,
}

/** Names of these, by `AppendFsync`. */
export const appendFsyncNames: readonly string[] = ["everysec", "always", "no"];

/** How the server is to end. */
export interface ShutdownOptions {
  /** Whether to save a snapshot; null is to do so where there are save points. */
  readonly save: boolean | null;
  readonly now: boolean;
  /** End though data can't be saved. */
  readonly force: boolean;
}

/** A part of `maxmemory`, or so many bytes; both are 0 where there is no limit. */
export interface MemoryShare {
  readonly percent: number;
  readonly bytes: number;
}

const megabyte = 1024 * 1024;

/** Every directive's value. */
export class ConfigValues implements ValueLimits {
  // Network
  port = 6379;
  /** Addresses to listen on; one that begins with `-` may be unavailable, `*` is every address. */
  bind: readonly string[] = ["*", "-::*"];
  protectedMode = true;
  /** Path of a Unix socket to listen on; empty for none. */
  unixsocket = "";
  /** File mode of the Unix socket; 0 leaves what the system gives it. */
  unixsocketPerm = 0;
  tcpBacklog = 511;
  tcpKeepaliveSeconds = 300;
  /** How long a client may idle; 0 is for ever. */
  timeoutSeconds = 0;
  maxclients = 10000;
  protoMaxBulkLenBytes = 512 * megabyte;
  clientQueryBufferLimitBytes = 1024 * megabyte;
  clientOutputBufferLimits: OutputBufferLimits = {
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replica: { hardBytes: 256 * megabyte, softBytes: 64 * megabyte, softSeconds: 60 },
    pubsub: { hardBytes: 32 * megabyte, softBytes: 8 * megabyte, softSeconds: 60 },
  };

  // Access
  /** Password of the default user; empty for none. */
  requirepass = "";
  enableDebugCommand = ProtectedAction.No;
  enableProtectedConfigs = ProtectedAction.No;

  // Process
  daemonize = false;
  /** Absolute path of the working directory, which relative paths start from. */
  dir = "";
  /** Path of the log file; empty for standard output. */
  logfile = "";
  loglevel = LogLevel.Notice;
  /** Accepted; no user data is ever logged. */
  hideUserDataFromLog = false;
  /** Path of a file that holds the process id while the server runs; empty for none. */
  pidfile = "";
  alwaysShowLogo = false;
  setProcTitle = true;
  shutdownOnSigint: ShutdownOptions = { save: null, now: false, force: false };
  shutdownOnSigterm: ShutdownOptions = { save: null, now: false, force: false };

  // Data
  databases = 16;
  /** Accepted; nothing runs by it, because expiry and client timeouts have timers of their own. */
  hz = 10;
  dynamicHz = true;
  activeExpireEffort = 1;
  activerehashing = true;

  // Snapshots
  save: readonly SavePoint[] = [
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
    { seconds: 60, changes: 10000 },
  ];
  dbfilename = "dump.rdb";
  rdbchecksum = true;
  /** Accepted; what RESTORE and RDB files bring is checked in full, whatever it says. */
  sanitizeDumpPayload = 0;
  /** Whether long strings are compressed in files, and by DUMP. */
  rdbcompression = true;
  stopWritesOnBgsaveError = true;
  /** Sync a file while it is written, a part at a time, not all at its end. */
  rdbSaveIncrementalFsync = true;
  /** For tests: what `KeyDelay` makes of it. */
  rdbKeySaveDelay = 0;
  keyLoadDelay = 0;

  // The append-only log
  appendonly = false;
  appendfilename = "appendonly.aof";
  appenddirname = "appendonlydir";
  appendfsync = AppendFsync.EverySecond;
  /** Leave syncing to the system while a snapshot is written. */
  noAppendfsyncOnRewrite = false;
  /** The log is rewritten when it has grown by so much; 0 is never. */
  autoAofRewritePercentage = 100;
  autoAofRewriteMinSizeBytes = 64 * megabyte;
  aofRewriteIncrementalFsync = true;
  /** Load a log that ends in the middle of a command. */
  aofLoadTruncated = true;
  /** Begin a log with a snapshot, not with commands. */
  aofUseRdbPreamble = true;
  /** Keep files of the log that were replaced, and name them in its manifest. */
  aofDisableAutoGc = false;
  /** Note the time between commands. */
  aofTimestampEnabled = false;

  // Memory
  /** 0 is no limit. */
  maxmemoryBytes = 0;
  /** For all clients together. */
  maxmemoryClients: MemoryShare = { percent: 0, bytes: 0 };
  maxmemoryPolicy = MaxmemoryPolicy.Noeviction;
  maxmemorySamples = 5;
  maxmemoryEvictionTenacity = 10;
  lfuLogFactor = 10;
  /** Minutes. */
  lfuDecayTime = 1;
  // Accepted without a meaning: whatever is large is always freed in slices, never all at once.
  lazyfreeLazyEviction = false;
  lazyfreeLazyExpire = false;
  lazyfreeLazyServerDel = false;
  lazyfreeLazyUserDel = false;
  lazyfreeLazyUserFlush = false;

  // Notifications
  /** Keys remembered for clients that track them, at most; 0 is no limit. */
  trackingTableMaxKeys = 1_000_000;
  /** Bits of `NotifyClass` and `NotifyTarget`. */
  notifyKeyspaceEvents = 0;

  // Encodings
  listMaxListpackSize = -2;
  /** Accepted; nodes of lists are never compressed. */
  listCompressDepth = 0;
  hashMaxListpackEntries = 512;
  hashMaxListpackValueBytes = 64;
  setMaxIntsetEntries = 512;
  setMaxListpackEntries = 128;
  setMaxListpackValueBytes = 64;
  zsetMaxListpackEntries = 128;
  zsetMaxListpackValueBytes = 64;
  hllSparseMaxBytes = 3000;
  streamNodeMaxBytes = 4096;
  streamNodeMaxEntries = 100;

  // Observation
  /** Commands slower than this are kept; negative keeps none, 0 keeps all. */
  slowlogLogSlowerThanUs = 10000;
  slowlogMaxLen = 128;
  /** Events slower than this are kept; 0 keeps none. */
  latencyMonitorThresholdMs = 0;
  latencyTracking = true;
  latencyTrackingInfoPercentiles: readonly number[] = [50, 99, 99.9];
}
