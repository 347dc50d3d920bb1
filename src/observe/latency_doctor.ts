/**
 * LATENCY DOCTOR: the latency events summed up, and what could be done about them.
 *
 * The frame is Redis', which tools and people know; the advice is redino's own, because what makes it
 * slow is not what makes Redis slow: nothing forks, and nothing large is freed in one go.
 */
import type { ConfigValues } from "../config/values.ts";
import type { LatencyEvent } from "./latency.ts";

const disabled =
  "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. " +
  'You may use "CONFIG SET latency-monitor-threshold <milliseconds>." in order to enable it. ' +
  "If we weren't in a deep space mission I'd suggest to take a look at " +
  "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor.\n";

const healthy = "Dave, no latency spike was observed during the lifetime of this Redis instance, " +
  "not in the slightest bit. I honestly think you ought to sit down calmly, take a stress pill, " +
  "and think things over.\n";

const opening = "Dave, I have observed latency spikes in this Redis instance. " +
  "You don't mind talking about it, do you Dave?\n\n";

/** The report on `events`, by name. */
export function describeLatency(
  events: ReadonlyMap<string, LatencyEvent>,
  values: ConfigValues,
  nowMs: number,
): string {
  if (events.size === 0) return values.latencyMonitorThresholdMs === 0 ? disabled : healthy;
  const summaries = [...events].map(([event, history], i) =>
    `${i + 1}. ${event}: ${summarize(history, nowMs)}\n`
  );
  const advice = new Set([...events.keys()].flatMap((event) => advise(event, values)));
  return opening + summaries.join("") + "\nI have a few advices for you:\n\n" +
    Array.from(advice, (sentence) => `- ${sentence}\n`).join("");
}

function summarize({ samples, maxMs }: LatencyEvent, nowMs: number): string {
  const count = samples.length;
  const averageMs = Math.floor(samples.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / count);
  const deviationMs = Math.floor(
    samples.reduce((sum, { latencyMs }) => sum + Math.abs(latencyMs - averageMs), 0) / count,
  );
  const periodSeconds = Math.max(1, Math.floor(nowMs / 1000) - samples[0].atSeconds) / count;
  return `${count} latency spikes (average ${averageMs}ms, mean deviation ${deviationMs}ms, ` +
    `period ${periodSeconds.toFixed(2)} sec). Worst all time event ${maxMs}ms.`;
}

function advise(event: string, values: ConfigValues): string[] {
  if (event === "fast-command") {
    return [
      "A command that never has much to do took long: the process did not get the processor, or " +
      "was out of memory and swapping. Look for other work on this machine, and for its memory.",
    ];
  }
  if (event.startsWith("aof-")) {
    return [
      "The disk was slow. Under 'appendfsync always' replies wait for it; 'everysec' has them not " +
      "wait, and 'no-appendfsync-on-rewrite yes' spares it while the log is rewritten.",
    ];
  }
  if (event.endsWith("-cycle")) {
    return [
      "Removing keys took long, which is done in slices of a millisecond or so: the process did not " +
      "get the processor, or 'maxmemory-eviction-tenacity' is high.",
    ];
  }
  const thresholdUs = values.latencyMonitorThresholdMs * 1000;
  const logsNothing = values.slowlogLogSlowerThanUs < 0 || values.slowlogMaxLen === 0;
  const advice = [
    "SLOWLOG GET tells which commands took long. One that visits many keys or a large value at " +
    "once (KEYS, FLUSHALL, MGET of thousands) is better split: SCAN, UNLINK, smaller batches.",
  ];
  if (logsNothing || values.slowlogLogSlowerThanUs > thresholdUs) {
    advice.unshift(
      `The slow log does not keep all of these commands: 'CONFIG SET slowlog-log-slower-than ${thresholdUs}'` +
        (values.slowlogMaxLen === 0 ? ", and a slowlog-max-len above 0." : "."),
    );
  }
  return advice;
}
