/**
 * What INFO tells, section by section: Redis' names in Redis' order, so that whatever reads Redis' INFO
 * reads this.
 *
 * A field is here when redino has a figure for it, or when the figure is truly 0 because the thing it
 * counts does not happen here (forks, defragmentation, replicas). What would mean nothing is absent.
 */
import process from "node:process";
import type { CommandContext, ServerContext } from "../command/context.ts";
import type { CommandSpec } from "../command/spec.ts";
import { maxmemoryPolicyNames } from "../config/values.ts";
import type { Database } from "../keyspace/database.ts";
import type { Histogram } from "../observe/histogram.ts";
import { MemoryFigures, ratio } from "../observe/memory_figures.ts";
import { AofState, type AppendOnlyFile } from "../persistence/aof.ts";
import type { LoadProgress } from "../persistence/loader.ts";
import { redinoVersion, redisVersion } from "../version.ts";

/** Name and value of one line. */
export type InfoField = readonly [name: string, value: string | number];

export interface InfoSection {
  /** What INFO's arguments call it. */
  readonly names: readonly string[];
  readonly title: string;
  /** Not shown unless it is asked for. */
  readonly onRequest?: boolean;
  readonly fields: (context: CommandContext) => Iterable<InfoField>;
}

export const infoSections: readonly InfoSection[] = [
  { names: ["server"], title: "Server", fields: serverFields },
  { names: ["clients"], title: "Clients", fields: clientsFields },
  { names: ["memory"], title: "Memory", fields: memoryFields },
  { names: ["persistence"], title: "Persistence", fields: persistenceFields },
  { names: ["threads"], title: "Threads", fields: threadsFields },
  { names: ["stats"], title: "Stats", fields: statsFields },
  { names: ["replication"], title: "Replication", fields: replicationFields },
  { names: ["cpu"], title: "CPU", fields: cpuFields },
  { names: ["modules", "module_list"], title: "Modules", fields: () => [] },
  { names: ["commandstats"], title: "Commandstats", onRequest: true, fields: commandStatsFields },
  { names: ["errorstats"], title: "Errorstats", fields: errorStatsFields },
  { names: ["latencystats"], title: "Latencystats", onRequest: true, fields: latencyStatsFields },
  { names: ["cluster"], title: "Cluster", fields: () => [["cluster_enabled", 0]] },
  { names: ["keyspace"], title: "Keyspace", fields: keyspaceFields },
];

const osNames: Readonly<Record<string, string>> = {
  linux: "Linux",
  darwin: "Darwin",
  windows: "Windows",
  freebsd: "FreeBSD",
};

const pollingNames: Readonly<Record<string, string>> = {
  linux: "epoll",
  darwin: "kqueue",
  freebsd: "kqueue",
  windows: "iocp",
};

const secondsOfDay = 24 * 60 * 60;

/** The LRU clock has 24 bits. */
const lruClockMask = 0xffffff;

/** Keys whose time to live is looked at for `avg_ttl`. */
const ttlSamples = 16;

/** What the machine says where the process may ask it, else null. */
function ifAllowed<T>(kind: "osRelease" | "systemMemoryInfo", ask: () => T): T | null {
  return Deno.permissions.querySync({ name: "sys", kind }).state === "granted" ? ask() : null;
}

function* serverFields({ server }: CommandContext): Iterable<InfoField> {
  const { clock, config, port, runId, startedAtMs } = server;
  const { os, arch } = Deno.build;
  const release = ifAllowed("osRelease", () => Deno.osRelease());
  const uptimeSeconds = Math.floor((clock.nowMs() - startedAtMs) / 1000);
  yield ["redis_version", redisVersion];
  yield ["redino_version", redinoVersion];
  yield ["redis_git_sha1", "00000000"];
  yield ["redis_git_dirty", 0];
  yield ["redis_mode", "standalone"];
  yield ["os", [osNames[os] ?? os, release, arch].filter((word) => word !== null).join(" ")];
  yield ["arch_bits", 64];
  yield ["multiplexing_api", pollingNames[os] ?? "unknown"];
  yield ["process_id", Deno.pid];
  yield ["process_supervised", "no"];
  yield ["run_id", runId];
  yield ["tcp_port", port];
  yield ["server_time_usec", clock.nowUs()];
  yield ["uptime_in_seconds", uptimeSeconds];
  yield ["uptime_in_days", Math.floor(uptimeSeconds / secondsOfDay)];
  yield ["hz", config.values.hz];
  yield ["configured_hz", config.values.hz];
  yield ["lru_clock", Math.floor(clock.nowMs() / 1000) & lruClockMask];
  yield ["executable", Deno.execPath()];
  yield ["config_file", config.file ?? ""];
  yield ["io_threads_active", 0];
  yield* listenerFields(server);
}

function* listenerFields({ config: { values }, port }: ServerContext): Iterable<InfoField> {
  let count = 0;
  if (port !== 0) {
    const addresses = values.bind.map((address) => `bind=${address},`).join("");
    yield [`listener${count++}`, `name=tcp,${addresses}port=${port}`];
  }
  if (values.unixsocket !== "") yield [`listener${count}`, `name=unix,bind=${values.unixsocket}`];
}

function* clientsFields({ server }: CommandContext): Iterable<InfoField> {
  const { blocking, clients, config, pubsub, tracking, watchedKeys } = server;
  let inputBytesMax = 0;
  let outputBytesMax = 0;
  let blockedCount = blocking.clientCount;
  for (const { link, postponed } of clients) {
    if (postponed) blockedCount++;
    inputBytesMax = Math.max(inputBytesMax, link.queryBufferBytes);
    outputBytesMax = Math.max(outputBytesMax, link.outputBytes);
  }
  yield ["connected_clients", clients.count];
  yield ["cluster_connections", 0];
  yield ["maxclients", config.values.maxclients];
  yield ["client_recent_max_input_buffer", inputBytesMax];
  yield ["client_recent_max_output_buffer", outputBytesMax];
  yield ["blocked_clients", blockedCount];
  yield ["tracking_clients", tracking.clientCount];
  yield ["pubsub_clients", pubsub.clientCount];
  yield ["watching_clients", watchedKeys.clientCount];
  yield ["clients_in_timeout_table", blocking.timedCount];
  yield ["total_watched_keys", watchedKeys.count];
  yield ["total_blocking_keys", blocking.keyCount];
  yield ["total_blocking_keys_on_nokey", blocking.endingKeyCount];
}

function* memoryFields({ server }: CommandContext): Iterable<InfoField> {
  const { clients, config: { values }, keyspace, stats } = server;
  const figures = new MemoryFigures(keyspace, clients, stats, server.usedMemoryBytes());
  const { usedBytes, peakBytes, activeBytes, residentBytes } = figures;
  const system = ifAllowed("systemMemoryInfo", () => Deno.systemMemoryInfo());
  yield* bothWays("used_memory", usedBytes);
  yield* bothWays("used_memory_rss", residentBytes);
  yield* bothWays("used_memory_peak", peakBytes);
  yield ["used_memory_peak_perc", `${figures.peakPercent.toFixed(2)}%`];
  yield ["used_memory_overhead", figures.overheadBytes];
  yield ["used_memory_startup", figures.startupBytes];
  yield ["used_memory_dataset", figures.datasetBytes];
  yield ["used_memory_dataset_perc", `${figures.datasetPercent.toFixed(2)}%`];
  yield ["allocator_allocated", usedBytes];
  yield ["allocator_active", activeBytes];
  yield ["allocator_resident", activeBytes];
  yield ["allocator_muzzy", 0];
  if (system !== null) yield* bothWays("total_system_memory", system.total);
  yield ["used_memory_lua", 0];
  yield ["used_memory_vm_eval", 0];
  yield ["used_memory_lua_human", humanBytes(0)];
  yield ["used_memory_scripts_eval", 0];
  yield ["number_of_cached_scripts", 0];
  yield ["number_of_functions", 0];
  yield ["number_of_libraries", 0];
  yield ["used_memory_vm_functions", 0];
  yield* bothWays("used_memory_vm_total", 0);
  yield ["used_memory_functions", 0];
  yield* bothWays("used_memory_scripts", 0);
  yield* bothWays("maxmemory", values.maxmemoryBytes);
  yield ["maxmemory_policy", maxmemoryPolicyNames[values.maxmemoryPolicy]];
  yield* excess("allocator_frag", activeBytes, usedBytes);
  yield* excess("allocator_rss", activeBytes, activeBytes);
  yield* excess("rss_overhead", residentBytes, activeBytes);
  yield* excess("mem_fragmentation", residentBytes, usedBytes);
  yield ["mem_not_counted_for_evict", 0];
  yield ["mem_replication_backlog", 0];
  yield ["mem_total_replication_buffers", 0];
  yield ["mem_replica_full_sync_buffer", 0];
  yield ["mem_clients_slaves", 0];
  yield ["mem_clients_normal", figures.clientsBytes];
  yield ["mem_cluster_links", 0];
  yield ["mem_aof_buffer", 0];
  yield ["mem_allocator", `redino-${redinoVersion}`];
  yield ["mem_overhead_db_hashtable_rehashing", 0];
  yield ["active_defrag_running", 0];
  yield ["lazyfree_pending_objects", keyspace.reclaimer.pendingCount];
  yield ["lazyfreed_objects", keyspace.reclaimer.doneCount];
}

function* persistenceFields({ server }: CommandContext): Iterable<InfoField> {
  const { config: { values }, persistence } = server;
  const { aof, keysExpired, keysLoaded, loading, rdb, slot } = persistence;
  yield ["loading", loading === null ? 0 : 1];
  yield ["async_loading", 0];
  yield ["current_cow_peak", 0];
  yield ["current_cow_size", 0];
  yield ["current_cow_size_age", 0];
  yield ["current_fork_perc", "0.00"];
  yield ["current_save_keys_processed", slot.save?.keysWritten ?? 0];
  yield ["current_save_keys_total", slot.save?.keysTotal ?? 0];
  yield ["rdb_changes_since_last_save", rdb.changesSinceSave];
  yield ["rdb_bgsave_in_progress", rdb.isRunning ? 1 : 0];
  yield ["rdb_last_save_time", Math.floor(rdb.lastSaveMs / 1000)];
  yield ["rdb_last_bgsave_status", rdb.lastSucceeded ? "ok" : "err"];
  yield ["rdb_last_bgsave_time_sec", rdb.lastSeconds];
  yield ["rdb_current_bgsave_time_sec", rdb.currentSeconds];
  yield ["rdb_saves", rdb.savesTotal];
  yield ["rdb_last_cow_size", 0];
  yield ["rdb_last_load_keys_expired", keysExpired];
  yield ["rdb_last_load_keys_loaded", keysLoaded];
  yield ["aof_enabled", aof.state === AofState.Off ? 0 : 1];
  yield ["aof_rewrite_in_progress", aof.isRewriting ? 1 : 0];
  yield ["aof_rewrite_scheduled", aof.isRewriteScheduled ? 1 : 0];
  yield ["aof_last_rewrite_time_sec", aof.lastRewriteSeconds];
  yield ["aof_current_rewrite_time_sec", aof.currentRewriteSeconds];
  yield ["aof_last_bgrewrite_status", aof.lastRewriteSucceeded ? "ok" : "err"];
  yield ["aof_rewrites", aof.rewritesTotal];
  yield ["aof_rewrites_consecutive_failures", aof.consecutiveFailures];
  yield ["aof_last_write_status", aof.error === null ? "ok" : "err"];
  yield ["aof_last_cow_size", 0];
  yield ["module_fork_in_progress", 0];
  yield ["module_fork_last_cow_size", 0];
  if (values.appendonly) yield* aofFields(aof);
  if (loading !== null) yield* loadingFields(loading, server.clock.nowMs());
}

function* aofFields(aof: AppendOnlyFile): Iterable<InfoField> {
  yield ["aof_current_size", aof.currentBytes];
  yield ["aof_base_size", aof.baseBytes];
  yield ["aof_pending_rewrite", aof.isRewriteScheduled ? 1 : 0];
  yield ["aof_buffer_length", aof.bufferBytes];
  yield ["aof_pending_bio_fsync", aof.syncsPending];
  yield ["aof_delayed_fsync", 0];
}

function* loadingFields(
  { bytesLoaded, bytesTotal, startedMs }: LoadProgress,
  nowMs: number,
): Iterable<InfoField> {
  const seconds = Math.max(1, Math.floor((nowMs - startedMs) / 1000));
  yield ["loading_start_time", Math.floor(startedMs / 1000)];
  yield ["loading_total_bytes", bytesTotal];
  yield ["loading_rdb_used_mem", 0];
  yield ["loading_loaded_bytes", bytesLoaded];
  yield ["loading_loaded_perc", (bytesTotal === 0 ? 0 : bytesLoaded / bytesTotal * 100).toFixed(2)];
  const bytesLeft = bytesTotal - bytesLoaded;
  const eta = bytesLoaded === 0 ? 1 : Math.floor(seconds * bytesLeft / bytesLoaded);
  yield ["loading_eta_seconds", eta];
}

function* threadsFields({ server: { clients, stats } }: CommandContext): Iterable<InfoField> {
  const { readsTotal, writesTotal } = stats;
  yield ["io_thread_0", `clients=${clients.count},reads=${readsTotal},writes=${writesTotal}`];
}

function* statsFields({ server }: CommandContext): Iterable<InfoField> {
  const { clock, evictor, expirer, keyspace, pubsub, stats, tracking } = server;
  const rates = server.rates();
  const { exceededSinceUs, exceededUs } = evictor.stats;
  const exceedingUs = exceededSinceUs === null ? 0 : clock.monotonicUs() - exceededSinceUs;
  yield ["total_connections_received", stats.connectionsTotal];
  yield ["total_commands_processed", stats.commandsTotal];
  yield ["instantaneous_ops_per_sec", Math.floor(rates.operations)];
  yield ["total_net_input_bytes", stats.netInputBytes];
  yield ["total_net_output_bytes", stats.netOutputBytes];
  yield ["total_net_repl_input_bytes", 0];
  yield ["total_net_repl_output_bytes", 0];
  yield ["instantaneous_input_kbps", (rates.inputBytes / 1024).toFixed(2)];
  yield ["instantaneous_output_kbps", (rates.outputBytes / 1024).toFixed(2)];
  yield ["instantaneous_input_repl_kbps", "0.00"];
  yield ["instantaneous_output_repl_kbps", "0.00"];
  yield ["rejected_connections", stats.connectionsRejected];
  yield ["sync_full", 0];
  yield ["sync_partial_ok", 0];
  yield ["sync_partial_err", 0];
  yield ["expired_subkeys", keyspace.stats.expiredFields];
  yield ["expired_keys", keyspace.stats.expired];
  // the timer wheel knows what is due: no key is sampled, and found stale or not
  yield ["expired_stale_perc", "0.00"];
  yield ["expired_time_cap_reached_count", expirer.stats.timeCapReached];
  yield ["expire_cycle_cpu_milliseconds", Math.floor(expirer.stats.elapsedUs / 1000)];
  yield ["evicted_keys", keyspace.stats.evicted];
  yield ["evicted_clients", stats.clientsEvicted];
  yield ["evicted_scripts", 0];
  yield ["total_eviction_exceeded_time", Math.floor((exceededUs + exceedingUs) / 1000)];
  yield ["current_eviction_exceeded_time", Math.floor(exceedingUs / 1000)];
  yield ["keyspace_hits", keyspace.stats.hits];
  yield ["keyspace_misses", keyspace.stats.misses];
  yield ["pubsub_channels", pubsub.channelCount];
  yield ["pubsub_patterns", pubsub.patternCount];
  yield ["pubsubshard_channels", pubsub.shardChannelCount];
  yield ["latest_fork_usec", 0];
  yield ["total_forks", 0];
  yield ["migrate_cached_sockets", 0];
  yield ["slave_expires_tracked_keys", 0];
  yield ["active_defrag_hits", 0];
  yield ["active_defrag_misses", 0];
  yield ["active_defrag_key_hits", 0];
  yield ["active_defrag_key_misses", 0];
  yield ["total_active_defrag_time", 0];
  yield ["current_active_defrag_time", 0];
  yield ["tracking_total_keys", tracking.keyCount];
  yield ["tracking_total_items", tracking.itemCount];
  yield ["tracking_total_prefixes", tracking.prefixCount];
  yield ["unexpected_error_replies", 0];
  yield ["total_error_replies", stats.errorRepliesTotal];
  yield ["dump_payload_sanitizations", 0];
  yield ["total_reads_processed", stats.readsTotal];
  yield ["total_writes_processed", stats.writesTotal];
  yield ["io_threaded_reads_processed", 0];
  yield ["io_threaded_writes_processed", 0];
  yield ["client_query_buffer_limit_disconnections", stats.queryLimitDisconnects];
  yield ["client_output_buffer_limit_disconnections", stats.outputLimitDisconnects];
  yield ["acl_access_denied_auth", stats.authenticationFailures];
  yield ["acl_access_denied_cmd", 0];
  yield ["acl_access_denied_key", 0];
  yield ["acl_access_denied_channel", 0];
}

/** A master without replicas, whose history is the life of this process. */
function* replicationFields({ server }: CommandContext): Iterable<InfoField> {
  yield ["role", "master"];
  yield ["connected_slaves", 0];
  yield ["master_failover_state", "no-failover"];
  yield ["master_replid", server.runId];
  yield ["master_replid2", "0".repeat(server.runId.length)];
  yield ["master_repl_offset", 0];
  yield ["second_repl_offset", -1];
  yield ["repl_backlog_active", 0];
  yield ["repl_backlog_size", 0];
  yield ["repl_backlog_first_byte_offset", 0];
  yield ["repl_backlog_histlen", 0];
}

function* cpuFields(): Iterable<InfoField> {
  const { system, user } = process.cpuUsage();
  yield ["used_cpu_sys", (system / 1e6).toFixed(6)];
  yield ["used_cpu_user", (user / 1e6).toFixed(6)];
  yield ["used_cpu_sys_children", "0.000000"];
  yield ["used_cpu_user_children", "0.000000"];
}

function* commandStatsFields({ server }: CommandContext): Iterable<InfoField> {
  const { commandStats } = server;
  for (const { id, fullName } of server.commands.all) {
    const calls = commandStats.calls[id];
    const rejected = commandStats.rejected[id];
    const failed = commandStats.failed[id];
    if (calls === 0 && rejected === 0 && failed === 0) continue;
    const us = Math.floor(commandStats.microseconds[id]);
    const usPerCall = ratio(us, calls).toFixed(2);
    yield [
      `cmdstat_${fullName}`,
      `calls=${calls},usec=${us},usec_per_call=${usPerCall}` +
      `,rejected_calls=${rejected},failed_calls=${failed}`,
    ];
  }
}

function* errorStatsFields({ server: { stats } }: CommandContext): Iterable<InfoField> {
  for (const code of [...stats.errorsByCode.keys()].sort()) {
    // what would break the line into something else
    const name = code.replaceAll(/[#:\r\n]/g, "_");
    yield [`errorstat_${name}`, `count=${stats.errorsByCode.get(code)}`];
  }
}

function* latencyStatsFields({ server }: CommandContext): Iterable<InfoField> {
  const percents = server.config.values.latencyTrackingInfoPercentiles;
  for (const { histogram, spec } of commandHistograms(server)) {
    const parts = percents.map((percent) =>
      `p${percent}=${histogram.percentileUs(percent).toFixed(3)}`
    );
    yield [`latency_percentiles_usec_${spec.fullName}`, parts.join(",")];
  }
}

/** The commands whose durations have been counted. */
export function* commandHistograms(
  { commands, commandStats }: ServerContext,
): Iterable<{ spec: CommandSpec; histogram: Histogram }> {
  for (const spec of commands.all) {
    const histogram = commandStats.histogram(spec.id);
    if (histogram !== null) yield { spec, histogram };
  }
}

function* keyspaceFields({ server }: CommandContext): Iterable<InfoField> {
  for (const database of server.keyspace.databases) {
    const { size, volatileSize, fieldTimers } = database;
    if (size === 0) continue;
    const averageMs = averageTtlMs(database);
    yield [
      `db${database.index}`,
      `keys=${size},expires=${volatileSize},avg_ttl=${averageMs},` +
      `subexpiry=${fieldTimers.wheel.count}`,
    ];
  }
}

/** An estimate of the volatile keys' average time to live, from keys drawn by chance. */
function averageTtlMs(database: Database): number {
  const { keyspace, volatileSize, wheel } = database;
  const samples = Math.min(ttlSamples, volatileSize);
  let sumMs = 0;
  for (let i = 0; i < samples; i++) {
    const expiresAtMs = Number(database.expiresAtMs(wheel.sampleOwner(keyspace.random)));
    sumMs += Math.max(0, expiresAtMs - keyspace.nowMs);
  }
  return Math.floor(ratio(sumMs, samples));
}

/** An amount of bytes as a number, and as people read it. */
function* bothWays(name: string, bytes: number): Iterable<InfoField> {
  yield [name, bytes];
  yield [`${name}_human`, humanBytes(bytes)];
}

/** By how much more is taken than is needed. */
function* excess(name: string, takenBytes: number, neededBytes: number): Iterable<InfoField> {
  yield [`${name}_ratio`, ratio(takenBytes, neededBytes).toFixed(2)];
  yield [`${name}_bytes`, takenBytes - neededBytes];
}

/** `1536` as `1.50K`. */
function humanBytes(bytes: number): string {
  const units = "BKMGTP";
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return (unit === 0 ? String(bytes) : bytes.toFixed(2)) + units[unit];
}
