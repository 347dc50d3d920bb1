/**
 * Every directive that redino honours, once: its names, the field of `ConfigValues` that holds it (and
 * whose initializer is its default), its kind and when it may be set. CONFIG GET, SET and REWRITE, the
 * configuration file and the command line all read this table.
 *
 * A directive of Redis that has no effect here is absent, so that nobody relies on it. Some are
 * accepted because what they promise is always true (`lazyfree-lazy-expire`), or nothing depends on
 * it (`hz`).
 */
import { stringBytesMax } from "../limits.ts";
import { logLevelNames } from "../log.ts";
import {
  AddressesType,
  BooleanType,
  type DirectiveType,
  DirectoryType,
  EnumType,
  FileModeType,
  FileNameType,
  IntegerType,
  MemoryShareType,
  MemoryType,
  NotifyEventsType,
  OptionalTextType,
  OutputBufferLimitsType,
  PercentilesType,
  SavePointsType,
  ShutdownOptionsType,
  TextType,
} from "./directive_types.ts";
import { appendFsyncNames, type ConfigValues, maxmemoryPolicyNames } from "./values.ts";

/** When Redis checks in full what RESTORE and RDB files bring. */
const sanitizeNames = ["no", "yes", "clients"];

/** The name of a field of `ConfigValues`. */
export type ConfigField = keyof ConfigValues;

/** When a directive may be set, and what may be shown of it. */
interface Traits {
  /** Only at start. */
  readonly immutable?: boolean;
  /** Not by CONFIG SET unless `enable-protected-configs` allows it. */
  readonly protected?: boolean;
  /** Its value must not be shown in a log. */
  readonly sensitive?: boolean;
  /** Only found by its whole name. */
  readonly hidden?: boolean;
  /** A name that it once had, under which it can be read and set as well. */
  readonly oldName?: string;
}

export interface Directive<Field extends ConfigField = ConfigField> extends Traits {
  readonly name: string;
  /** How it is called today, where `name` is what it was called once. */
  readonly currentName?: string;
  readonly field: Field;
  readonly type: DirectiveType<ConfigValues[Field]>;
}

function directive<Field extends ConfigField>(
  name: string,
  field: Field,
  type: DirectiveType<ConfigValues[Field]>,
  traits: Traits = {},
): Directive {
  // each row is checked here; together they are read through the type that fits all
  return { name, field, type, ...traits } as unknown as Directive;
}

const immutable: Traits = { immutable: true };
const hidden: Traits = { hidden: true };
const boolean = new BooleanType();
const int32Max = 2 ** 31 - 1;
const uint32Max = 2 ** 32 - 1;
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;
const megabyte = 1024 * 1024;
const count = new IntegerType(0, int32Max);
const integer = new IntegerType(-(2 ** 31), int32Max);
const size = new IntegerType(0, int64Max);
const memory = new MemoryType(0, int64Max);
const protectedAction = new EnumType<ConfigValues["enableDebugCommand"]>(["no", "yes", "local"]);

const noDaemon =
  "running as a daemon isn't available: use a service manager, or put the program in the background";

export const directives: readonly Directive[] = [
  // Network
  directive("port", "port", new IntegerType(0, 65535)),
  directive("bind", "bind", new AddressesType()),
  directive("protected-mode", "protectedMode", boolean),
  directive("unixsocket", "unixsocket", new OptionalTextType(), immutable),
  directive("unixsocketperm", "unixsocketPerm", new FileModeType(), immutable),
  directive("tcp-backlog", "tcpBacklog", count, immutable),
  directive("tcp-keepalive", "tcpKeepaliveSeconds", count),
  directive("timeout", "timeoutSeconds", count),
  directive("maxclients", "maxclients", new IntegerType(1, uint32Max)),
  directive(
    "proto-max-bulk-len",
    "protoMaxBulkLenBytes",
    new MemoryType(megabyte, int64Max, stringBytesMax),
  ),
  directive(
    "client-query-buffer-limit",
    "clientQueryBufferLimitBytes",
    new MemoryType(megabyte, int64Max),
  ),
  directive(
    "client-output-buffer-limit",
    "clientOutputBufferLimits",
    new OutputBufferLimitsType(),
  ),

  // Access
  directive("requirepass", "requirepass", new OptionalTextType(), { sensitive: true }),
  directive("enable-debug-command", "enableDebugCommand", protectedAction, immutable),
  directive("enable-protected-configs", "enableProtectedConfigs", protectedAction, immutable),

  // Process
  directive("daemonize", "daemonize", new BooleanType("yes", noDaemon), immutable),
  directive("dir", "dir", new DirectoryType(), { protected: true }),
  directive("logfile", "logfile", new TextType(), immutable),
  directive("loglevel", "loglevel", new EnumType(logLevelNames)),
  directive("hide-user-data-from-log", "hideUserDataFromLog", boolean),
  directive("pidfile", "pidfile", new OptionalTextType(), immutable),
  directive("always-show-logo", "alwaysShowLogo", boolean, immutable),
  directive("set-proc-title", "setProcTitle", boolean, immutable),
  directive("shutdown-on-sigint", "shutdownOnSigint", new ShutdownOptionsType()),
  directive("shutdown-on-sigterm", "shutdownOnSigterm", new ShutdownOptionsType()),

  // Data
  directive("databases", "databases", new IntegerType(1, int32Max), immutable),
  directive("hz", "hz", new IntegerType(0, int32Max, [1, 500])),
  directive("dynamic-hz", "dynamicHz", boolean),
  directive("active-expire-effort", "activeExpireEffort", new IntegerType(1, 10)),
  directive("activerehashing", "activerehashing", boolean),

  // Snapshots
  directive("save", "save", new SavePointsType()),
  directive("dbfilename", "dbfilename", new FileNameType("dbfilename", "filename"), {
    protected: true,
  }),
  directive("sanitize-dump-payload", "sanitizeDumpPayload", new EnumType(sanitizeNames)),
  directive("rdbcompression", "rdbcompression", boolean),
  directive("rdbchecksum", "rdbchecksum", boolean, immutable),
  directive("stop-writes-on-bgsave-error", "stopWritesOnBgsaveError", boolean),
  directive("rdb-save-incremental-fsync", "rdbSaveIncrementalFsync", boolean),
  directive("rdb-key-save-delay", "rdbKeySaveDelay", integer, hidden),
  directive("key-load-delay", "keyLoadDelay", integer, hidden),

  // The append-only log
  directive("appendonly", "appendonly", boolean),
  directive(
    "appendfilename",
    "appendfilename",
    new FileNameType("appendfilename", "filename"),
    immutable,
  ),
  directive(
    "appenddirname",
    "appenddirname",
    new FileNameType("appenddirname", "dirname"),
    immutable,
  ),
  directive("appendfsync", "appendfsync", new EnumType(appendFsyncNames)),
  directive("no-appendfsync-on-rewrite", "noAppendfsyncOnRewrite", boolean),
  directive("auto-aof-rewrite-percentage", "autoAofRewritePercentage", count),
  directive("auto-aof-rewrite-min-size", "autoAofRewriteMinSizeBytes", memory),
  directive("aof-rewrite-incremental-fsync", "aofRewriteIncrementalFsync", boolean),
  directive("aof-load-truncated", "aofLoadTruncated", boolean),
  directive("aof-use-rdb-preamble", "aofUseRdbPreamble", boolean),
  directive("aof-disable-auto-gc", "aofDisableAutoGc", boolean, hidden),
  directive("aof-timestamp-enabled", "aofTimestampEnabled", boolean),

  // Memory
  directive("maxmemory", "maxmemoryBytes", new MemoryType(0, uint64Max)),
  directive("maxmemory-clients", "maxmemoryClients", new MemoryShareType()),
  directive("maxmemory-policy", "maxmemoryPolicy", new EnumType(maxmemoryPolicyNames)),
  directive("maxmemory-samples", "maxmemorySamples", new IntegerType(1, 64)),
  directive("maxmemory-eviction-tenacity", "maxmemoryEvictionTenacity", new IntegerType(0, 100)),
  directive("lfu-log-factor", "lfuLogFactor", count),
  directive("lfu-decay-time", "lfuDecayTime", count),
  directive("lazyfree-lazy-eviction", "lazyfreeLazyEviction", boolean),
  directive("lazyfree-lazy-expire", "lazyfreeLazyExpire", boolean),
  directive("lazyfree-lazy-server-del", "lazyfreeLazyServerDel", boolean),
  directive("lazyfree-lazy-user-del", "lazyfreeLazyUserDel", boolean),
  directive("lazyfree-lazy-user-flush", "lazyfreeLazyUserFlush", boolean),

  // Notifications
  directive("tracking-table-max-keys", "trackingTableMaxKeys", size),
  directive("notify-keyspace-events", "notifyKeyspaceEvents", new NotifyEventsType()),

  // Encodings
  directive(
    "list-max-listpack-size",
    "listMaxListpackSize",
    integer,
    { oldName: "list-max-ziplist-size" },
  ),
  directive("list-compress-depth", "listCompressDepth", count),
  directive("hash-max-listpack-entries", "hashMaxListpackEntries", size, {
    oldName: "hash-max-ziplist-entries",
  }),
  directive("hash-max-listpack-value", "hashMaxListpackValueBytes", memory, {
    oldName: "hash-max-ziplist-value",
  }),
  directive("set-max-intset-entries", "setMaxIntsetEntries", size),
  directive("set-max-listpack-entries", "setMaxListpackEntries", size),
  directive("set-max-listpack-value", "setMaxListpackValueBytes", size),
  directive("zset-max-listpack-entries", "zsetMaxListpackEntries", size, {
    oldName: "zset-max-ziplist-entries",
  }),
  directive("zset-max-listpack-value", "zsetMaxListpackValueBytes", memory, {
    oldName: "zset-max-ziplist-value",
  }),
  directive("hll-sparse-max-bytes", "hllSparseMaxBytes", memory),
  directive("stream-node-max-bytes", "streamNodeMaxBytes", memory),
  directive("stream-node-max-entries", "streamNodeMaxEntries", size),

  // Observation
  directive("slowlog-log-slower-than", "slowlogLogSlowerThanUs", new IntegerType(-1, int64Max)),
  directive("slowlog-max-len", "slowlogMaxLen", new IntegerType(0, int64Max)),
  directive(
    "latency-monitor-threshold",
    "latencyMonitorThresholdMs",
    new IntegerType(0, int64Max),
  ),
  directive("latency-tracking", "latencyTracking", boolean),
  directive(
    "latency-tracking-info-percentiles",
    "latencyTrackingInfoPercentiles",
    new PercentilesType(),
  ),
];

/** One for each name: who asks for a directive by both of its names gets two answers. */
export const namedDirectives: readonly Directive[] = directives.flatMap((directive) => {
  const { name, oldName } = directive;
  if (oldName === undefined) return [directive];
  return [directive, { ...directive, name: oldName, currentName: name }];
});

const directivesByName = new Map(namedDirectives.map((directive) => [directive.name, directive]));

/** The directive called `name`, in any case. */
export function findDirective(name: string): Directive | undefined {
  return directivesByName.get(name.toLowerCase());
}
