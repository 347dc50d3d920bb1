/** LATENCY: what `observe/latency.ts` and the histograms of `observe/command_stats.ts` have seen. */
import type { CommandContext } from "../command/context.ts";
import type { CommandSpec, Handlers } from "../command/spec.ts";
import type { Histogram } from "../observe/histogram.ts";
import { describeLatency } from "../observe/latency_doctor.ts";
import { latencyGraph } from "../observe/latency_graph.ts";
import { CommandError, noLatencySamples } from "../resp/errors.ts";
import type { ReplyWriter } from "../resp/reply_writer.ts";
import { replyHelp } from "./help.ts";

function latencyDoctor({ reply, server }: CommandContext): void {
  const { clock, config, latency } = server;
  reply.verbatim("txt", describeLatency(latency.events, config.values, clock.nowMs()));
}

function latencyGraphReply({ args, reply, server }: CommandContext): void {
  const event = args.cString(2);
  const history = server.latency.events.get(event);
  if (history === undefined) throw new CommandError(noLatencySamples(event));
  reply.verbatim("txt", latencyGraph(event, history, server.clock.nowMs()));
}

function latencyHistogram({ args, reply, server }: CommandContext): void {
  const found = new Map<CommandSpec, Histogram>();
  const add = (spec: CommandSpec) => {
    const histogram = server.commandStats.histogram(spec.id);
    if (histogram !== null) found.set(spec, histogram);
  };
  if (args.count === 2) server.commands.all.forEach(add);
  for (let i = 2; i < args.count; i++) {
    const spec = server.commands.find(args.string(i));
    if (spec === null) continue;
    add(spec);
    spec.subcommands.forEach(add);
  }
  reply.map(found.size);
  for (const [{ fullName }, histogram] of found) {
    reply.bulkString(fullName);
    replyHistogram(reply, histogram);
  }
}

function replyHistogram(reply: ReplyWriter, histogram: Histogram): void {
  const counts = histogram.cumulative();
  reply.map(2);
  reply.bulkString("calls");
  reply.integer(histogram.total);
  reply.bulkString("histogram_usec");
  reply.map(counts.length);
  for (const { upToUs, count } of counts) {
    reply.integer(upToUs);
    reply.integer(count);
  }
}

function latencyHistory({ args, reply, server }: CommandContext): void {
  const samples = server.latency.events.get(args.string(2))?.samples ?? [];
  reply.array(samples.length);
  for (const { atSeconds, latencyMs } of samples) {
    reply.array(2);
    reply.integer(atSeconds);
    reply.integer(latencyMs);
  }
}

function latencyLatest({ reply, server }: CommandContext): void {
  const { events } = server.latency;
  reply.array(events.size);
  for (const [event, { samples, maxMs }] of events) {
    const { atSeconds, latencyMs } = samples[samples.length - 1];
    reply.array(4);
    reply.bulkString(event);
    reply.integer(atSeconds);
    reply.integer(latencyMs);
    reply.integer(maxMs);
  }
}

function latencyReset({ args, reply, server }: CommandContext): void {
  const { latency } = server;
  const wanted = Array.from({ length: args.count - 2 }, (_, i) => args.string(i + 2).toLowerCase());
  const events = wanted.length > 0 ? wanted : [...latency.events.keys()];
  reply.integer(events.filter((event) => latency.forget(event)).length);
}

function latencyHelp(context: CommandContext): void {
  replyHelp(context, [
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
    "    If no commands are specified then all histograms are replied.",
  ]);
}

export const latencyHandlers: Handlers = {
  "latency|doctor": latencyDoctor,
  "latency|graph": latencyGraphReply,
  "latency|help": latencyHelp,
  "latency|histogram": latencyHistogram,
  "latency|history": latencyHistory,
  "latency|latest": latencyLatest,
  "latency|reset": latencyReset,
};
