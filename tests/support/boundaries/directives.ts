/** Numbers of directives, as CONFIG SET takes them. */
import { IntegerType, MemoryType } from "../../../src/config/directive_types.ts";
import { directives } from "../../../src/config/directives.ts";
import { omittedDirectives } from "./omissions.ts";
import { hole, type Position } from "./positions.ts";

/** Directives that have numbers in their texts. */
const texts: [name: string, texts: string[]][] = [
  ["client-output-buffer-limit", [
    `pubsub ${hole} 0 0`,
    `pubsub 0 ${hole} 0`,
    `pubsub 0 0 ${hole}`,
  ]],
  ["save", [`${hole} 5`, `900 ${hole}`]],
  ["latency-tracking-info-percentiles", [hole, `50 ${hole}`]],
];

/** `initially` has the values that directives have when the comparison begins. */
export function directivePositions(initially: Map<string, string>): Position[] {
  // hidden ones, which are for tests, are not among those that the server tells of
  const numeric = directives.filter(({ name, type, immutable, hidden }) =>
    !immutable && !hidden && !(name in omittedDirectives) &&
    (type instanceof IntegerType || type instanceof MemoryType)
  );
  const all = [...numeric.map(({ name }) => [name, [hole]] as const), ...texts];
  return all.flatMap(([name, forms]) =>
    forms.map((form) => {
      const argument = `config set ${name}`;
      return {
        name: form === hole ? argument : `${argument} [${form.replace(hole, "…")}]`,
        isUsual: true,
        argument,
        commands: [["CONFIG", "SET", name, form]],
        queries: [["CONFIG", "GET", name]],
        after: [["CONFIG", "SET", name, initially.get(name)!]],
        plain: form === hole ? initially.get(name)! : "1",
        keys: [],
      };
    })
  );
}
