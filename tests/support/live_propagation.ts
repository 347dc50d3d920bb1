/**
 * Compares what two running servers propagate when they are played the same transcript, whichever it is.
 *
 * Nothing may depend on the moment when the servers get to what has expired, so keys and fields go only
 * when something looks at them. A section that waits for them to go by themselves can't be compared.
 */
import { arePropagatedAlike } from "./propagated.ts";
import type { Played, Section, Step } from "./transcript.ts";

/** The clocks of the servers may be as far apart, in milliseconds: one stands still but when it is moved. */
export const clocksApartMsMax = 600_000;

/** Commands of which chance chooses what is propagated. */
const draws = /^spop$/i;

const stopsExpiry: Step = {
  line: "DEBUG SET-ACTIVE-EXPIRE 0",
  connection: "expiry",
  action: { kind: "command", words: ["DEBUG", "SET-ACTIVE-EXPIRE", "0"].map(bytesOf) },
  replies: true,
  loosely: [],
};

/** The section as it is to be played to both servers. */
export function withoutExpiry(section: Section): Section {
  const steps = section.steps.map((step) =>
    isExpirySwitch(step) ? stopsExpiry : withLooseDraw(step)
  );
  return { ...section, propagates: true, steps: [stopsExpiry, ...steps] };
}

function isExpirySwitch({ action }: Step): boolean {
  return action.kind === "command" && /^set-active-expire$/i.test(textOf(action.words[1]));
}

function withLooseDraw(step: Step): Step {
  const isDraw = step.action.kind === "command" && draws.test(textOf(step.action.words[0]));
  return isDraw ? { ...step, loosely: [...step.loosely, "drawn"] } : step;
}

/** What the servers have propagated differently in a section, as text; empty if that is nothing. */
export function describeDifference(section: Section, expected: Played[], actual: Played[]): string {
  const [wanted, got] = [linesOf(section, expected), linesOf(section, actual)];
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    const [a, b] = [wanted[i], got[i]];
    if (a && b && arePropagatedAlike([a.line], [b.line], [], clocksApartMsMax)) continue;
    return `Redis:  ${show(a)}\nredino: ${show(b)}`;
  }
  return "";
}

interface PropagatedLine {
  line: string;
  step: string;
}

function linesOf({ steps }: Section, played: Played[]): PropagatedLine[] {
  return played.flatMap(({ propagated = [] }, i) => {
    const { line: step, loosely } = steps[i];
    const lines = loosely.includes("unordered") ? propagated.toSorted() : propagated;
    const isAnyNumber = loosely.includes("digits");
    return lines.map((line) => ({
      line: isAnyNumber ? line.replace(/[+-]?\d+/g, "") : line,
      step,
    }));
  });
}

function show(propagated: PropagatedLine | undefined): string {
  if (propagated === undefined) return "nothing more";
  const { line, step } = propagated;
  return `${line.slice(0, 200)}  (by ${step.slice(0, 200)})`;
}

function textOf(word: Uint8Array | undefined): string {
  return new TextDecoder().decode(word);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
